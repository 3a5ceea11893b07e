/** An exact job on a graphics interface beside plain WebAssembly: the same outcome, to the bit, as on one of them alone. */
import { describe, expect, it } from 'vitest';
import type { JobOverrides } from './support/jobs.ts';
import { journalFacts } from './support/journal.ts';
import { finished, type RunResult } from './support/runs.ts';
import { TestRun, Volunteer } from './support/start.ts';

/** A resnet has running statistics beside what its optimizer updates. */
const models = {
  mlp: { model: { type: 'mlp', hidden: [32] }, rounds: 30 },
  resnet: { model: { type: 'resnet', blocks: [1], widths: [4] }, rounds: 6 },
} as const;

const exactJob = (name: keyof typeof models, workers: number): JobOverrides => ({
  model: models[name].model,
  training: { rounds: models[name].rounds, microBatch: 8, globalBatch: 32, numerics: 'exact', bucketSize: 1024 },
  workers: { spawn: 0, minimum: workers, backend: 'exact' },
  network: { failureTimeout: '20s' },
  audit: { rate: 1, floor: 1 },
});

describe.each(['mlp', 'resnet'] as const)('an exact %s', (name) => {
  it('ends in the same state on a CPU alone as on a graphics interface and a CPU, which audit each other by equality', async () => {
    let alone: RunResult;
    {
      await using run = new TestRun(exactJob(name, 1));
      await using only = new Volunteer(run.workspace, 'only', await run.address(), {}, 'exact');
      await only.peerId();
      alone = await finished(run.command);
    }
    await using run = new TestRun(exactJob(name, 2));
    const address = await run.address();
    await using gpu = new Volunteer(run.workspace, 'gpu', address, {}, 'webgpu');
    await using cpu = new Volunteer(run.workspace, 'cpu', address, {}, 'exact');
    await Promise.all([gpu.peerId(), cpu.peerId()]);
    const mixed = await finished(run.command);

    const working = mixed.workers.filter(({ microBatches }) => microBatches > 0).map(({ backend }) => backend);
    expect(working.toSorted()).toEqual(['exact', 'webgpu']);
    const audits = journalFacts(await run.directory()).filter(({ type }) => type === 'auditClosed');
    expect(audits.length).toBeGreaterThan(models[name].rounds);
    expect(audits.filter(({ outcome }) => outcome !== 'passed')).toEqual([]);
    expect(mixed.stateHash).toBe(alone.stateHash);
  });
});
