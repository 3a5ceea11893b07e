/** PyTorch as a contender, where a Python interpreter has it; a child process does one step a line. */
import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ModelSpec } from '@murmuration/kernels/graph';
import type { Contender } from '../harness/measure.ts';

const script = fileURLToPath(new URL('pytorch_step.py', import.meta.url));

/** Whether the interpreter `python` can import torch. */
export function hasPyTorch(python: string): boolean {
  return spawnSync(python, ['-c', 'import torch'], { stdio: 'ignore' }).status === 0;
}

/**
 * Starts the child and waits until its model is built.
 * @param threads intra-op threads
 */
export async function pyTorchStep(python: string, model: ModelSpec, batch: number, threads: number): Promise<Contender> {
  const child = spawn(python, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (line: string): Promise<string> => {
    child.stdin.write(`${line}\n`);
    const answer = await lines.next();
    if (answer.done) throw new Error('the PyTorch process ended early. Read its error output above.');
    return answer.value;
  };
  const { version } = JSON.parse(await ask(JSON.stringify({ model, batch, threads }))) as { version: string };
  return {
    name: `PyTorch ${version}`,
    run: async () => {
      await ask('step');
    },
    close: () => {
      child.stdin.end();
    },
  };
}
