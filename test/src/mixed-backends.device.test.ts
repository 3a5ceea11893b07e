/** One run on unlike machines: WebGPU beside onnxruntime. Replicas stay equal to the bit, and nobody honest is accused. */
import { describe, expect, it } from 'vitest';
import { journalFacts } from './support/journal.ts';
import { finished } from './support/runs.ts';
import { TestRun, Volunteer } from './support/start.ts';

const ROUNDS = 200;

/** State hashes by round, as the worker told them. */
const hashesOf = ({ command }: Volunteer): unknown[] =>
  command.events
    .filter(({ event }) => event === 'worker.applied')
    .map(({ round, stateHash }) => `${String(round)} ${String(stateHash)}`);

describe('a webgpu worker and an onnx worker', () => {
  it(`hold the same bits after every round, and pass ${ROUNDS} rounds of audits`, async () => {
    await using run = new TestRun({
      training: { rounds: ROUNDS, assignment: 'fixed', bucketSize: 4096 },
      workers: { spawn: 0, minimum: 2 },
      network: { failureTimeout: '20s' },
      audit: { rate: 1, floor: 1 },
    });
    const address = await run.address();
    await using gpu = new Volunteer(run.workspace, 'gpu', address, {}, 'webgpu');
    await using cpu = new Volunteer(run.workspace, 'cpu', address, {}, 'onnx');
    const result = await finished(run.command);
    await Promise.all([gpu.command.exited, cpu.command.exited]);

    expect(result.workers.map(({ backend }) => backend).toSorted()).toEqual(['onnx', 'webgpu']);
    expect(hashesOf(gpu)).toHaveLength(ROUNDS);
    expect(hashesOf(gpu)).toEqual(hashesOf(cpu));

    const audits = journalFacts(await run.directory()).filter((fact) => fact.type === 'auditClosed');
    const rounds = new Set(audits.filter((audit) => audit['outcome'] === 'passed').map((audit) => audit['round']));
    expect(rounds.size).toBe(ROUNDS);
    expect(audits.filter((audit) => audit['outcome'] !== 'passed')).toEqual([]);
  });
});
