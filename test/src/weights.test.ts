/** A run that starts from another's checkpoint, and trains adapters of it. */
import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { orchestrate } from './support/cli.ts';
import { Workspace } from './support/jobs.ts';
import { finished } from './support/runs.ts';
import { readTensors, relativeDistance } from './support/safetensors.ts';
import { TestRun } from './support/start.ts';

const model = (round: number): string => `checkpoints/step-${round}/model.safetensors`;
const workers = { spawn: 2, minimum: 2 };
const lora = { rank: 2, targets: ['layers.0'] };

/** Trains the test's own model for `rounds` rounds, keeps its checkpoint as `file` and returns its held-out loss. */
async function train(rounds: number, file: string): Promise<number> {
  await using run = new TestRun({ training: { rounds }, workers });
  const { evalLoss } = await finished(run.command);
  copyFileSync(join(await run.directory(), model(rounds)), file);
  return evalLoss;
}

describe('a run that names weights', () => {
  it('begins where they were left, trains adapters alone, exports them merged, and then needs the file no more', async () => {
    using kept = new Workspace();
    const weights = join(kept.directory, 'base.safetensors');
    const evalLoss = await train(20, weights);
    const base = readTensors(weights);
    await using run = new TestRun({ model: { weights, lora }, training: { rounds: 10 }, workers });
    const result = await finished(run.command);
    const directory = await run.directory();
    const [first, last] = [readTensors(join(directory, model(0))), readTensors(join(directory, model(10)))];
    for (const [name, values] of base) {
      expect(first.get(name), name).toEqual(values);
      expect(last.get(name), name).toEqual(values);
    }
    const [a, b] = ['layers.0.lora_A.weight', 'layers.0.lora_B.weight'] as const;
    expect([...last.keys()].filter((name) => !base.has(name))).toEqual([a, b]);
    expect(first.get(b)?.every((value) => value === 0)).toBe(true);
    expect(last.get(b)?.some((value) => value !== 0)).toBe(true);
    expect(result.evalLoss).toBeLessThan(evalLoss);
    expect(Math.abs(result.onnx.accuracy - result.evalAccuracy)).toBeLessThanOrEqual(0.0005);

    const merged = readTensors(join(directory, 'model.safetensors'));
    expect([...merged.keys()]).toEqual([...base.keys()]);
    expect([...merged].filter(([name, values]) => relativeDistance(values, base.get(name)!) > 0)).toHaveLength(1);
    expect([...readTensors(join(directory, 'adapter/adapter_model.safetensors')).values()]).toEqual([
      last.get(a),
      last.get(b),
    ]);

    rmSync(weights);
    const resumed = orchestrate(['resume', directory, '--json'], { cwd: run.workspace.directory });
    expect((await finished(resumed)).stateHash).toBe(result.stateHash);
  });

  it('does not start without them', async () => {
    await using run = new TestRun({ model: { weights: 'nowhere.safetensors' }, workers });
    expect((await run.command.exited).code).toBe(2);
    expect(run.command.transcript).toMatch(/job.yaml:\d+:\d+: .*nowhere.safetensors cannot be read/);
  });
});
