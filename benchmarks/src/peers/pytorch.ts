/** PyTorch as a contender, where a Python interpreter has it; a child process does one step a line. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ModelSpec } from '@murmuration/kernels/graph';
import { LineProcess } from '../harness/line-process.ts';
import type { Contender } from '../harness/measure.ts';

const script = fileURLToPath(new URL('pytorch_step.py', import.meta.url));

/** Whether the interpreter `python` can import `module`. */
export function hasPython(python: string, module: string): boolean {
  return spawnSync(python, ['-c', `import ${module}`], { stdio: 'ignore' }).status === 0;
}

/**
 * Starts the child and waits until its model is built.
 * @param threads intra-op threads
 */
export async function pyTorchStep(
  python: string,
  model: ModelSpec,
  batch: number,
  threads: number,
): Promise<Contender> {
  const child = new LineProcess({ name: 'the PyTorch process', command: python, parameters: [script] });
  const { version } = JSON.parse(await child.ask(JSON.stringify({ model, batch, threads }))) as { version: string };
  return {
    name: `PyTorch ${version}`,
    run: async () => {
      await child.ask('step');
    },
    close: () => child.close(),
  };
}
