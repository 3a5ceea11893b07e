/** The examples do what the README says of them, at their full size. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { orchestrate } from './support/cli.ts';
import type { Command } from './support/cli.ts';
import { Workspace } from './support/jobs.ts';
import { MARKER, processesMarked } from './support/processes.ts';
import { finished } from './support/runs.ts';

const examples = fileURLToPath(new URL('../../examples', import.meta.url));

/** Runs an example into a folder of the test's. */
function runExample(name: string, workspace: Workspace, marker: string): Command {
  return orchestrate(['run', join(examples, name), '--directory', workspace.directory, '--json'], {
    env: { [MARKER]: marker },
  });
}

describe('examples/mnist.yaml', () => {
  it('reaches 97 % on the 10,000 held-out images with three paid workers, to the last wei', async () => {
    using workspace = new Workspace();
    const marker = crypto.randomUUID();
    const command = runExample('mnist.yaml', workspace, marker);
    const result = await finished(command);
    expect(result.evalAccuracy).toBeGreaterThanOrEqual(0.97);
    expect(result.onnx.samples).toBe(10_000);
    expect(Math.abs(result.onnx.accuracy - result.evalAccuracy)).toBeLessThanOrEqual(0.0005);
    expect(result.workers).toHaveLength(3);
    expect(new Set(result.workers.map(({ peerId }) => peerId)).size).toBe(3);
    for (const { paidWei } of result.workers) expect(BigInt(paidWei)).toBeGreaterThan(0n);
    const { depositedWei, paidWei, refundedWei } = result.escrow;
    expect(BigInt(paidWei) + BigInt(refundedWei)).toBe(BigInt(depositedWei));
    expect(result.workers.reduce((sum, worker) => sum + BigInt(worker.paidWei), 0n)).toBe(BigInt(paidWei));
    expect(result.samples).toBe(result.rounds * 384);
    expect(result.stateHash).toMatch(/^0x[0-9a-f]{64}$/);
    expect(processesMarked(marker)).toEqual([]);
  });
});

describe('examples/char-gpt.yaml', () => {
  it('learns real text to below 2.2 nats a character, and samples from the checkpoint', async () => {
    using workspace = new Workspace();
    const command = runExample('char-gpt.yaml', workspace, crypto.randomUUID());
    const result = await finished(command);
    expect(result.evalLoss).toBeLessThan(2.2);
    const { directory } = await command.event('run.started');
    const sample = orchestrate([
      'sample',
      directory as string,
      '--prompt',
      'Call me ',
      '--tokens',
      '60',
      '--seed',
      '1',
      '--json',
    ]);
    expect((await sample.exited).code, sample.transcript).toBe(0);
    const { text } = await sample.event('sample.done');
    expect(Array.from(text as string).length).toBeGreaterThanOrEqual(60);
  });
});

describe('every example', () => {
  it.each([
    'mnist.yaml',
    'mnist-convnet.yaml',
    'mnist-resnet.yaml',
    'char-gpt.yaml',
    'char-llama.yaml',
    'bring-your-own.yaml',
    'private-cluster.yaml',
  ])('%s passes check', async (name) => {
    const command = orchestrate(['check', join(examples, name), '--json']);
    expect((await command.exited).code, command.transcript).toBe(0);
    expect(command.events.at(-1)).toMatchObject({ event: 'check.done' });
  });
});

describe('examples/bring-your-own.yaml', () => {
  it('trains a file of PyTorch to 95 %, and gives it back under its own names', async () => {
    using workspace = new Workspace();
    const command = runExample('bring-your-own.yaml', workspace, crypto.randomUUID());
    const result = await finished(command);
    expect(result.evalAccuracy).toBeGreaterThanOrEqual(0.95);
    expect(Math.abs(result.onnx.accuracy - result.evalAccuracy)).toBeLessThanOrEqual(0.0005);
    const { directory } = await command.event('run.started');
    const file = readFileSync(join(directory as string, 'model.onnx'));
    // Names stand in the file as they are; our own would be x and logits.
    expect(['image', 'digit', 'logits'].map((name) => file.includes(name))).toEqual([true, true, false]);
  });
});
