/** A job with exact numerics has one outcome, to the bit: whoever trains it, is killed, or comes late. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { JobOverrides } from './support/jobs.ts';
import { journalFacts } from './support/journal.ts';
import { expectExactlyOnce } from './support/microbatches.ts';
import { finished, type RunResult } from './support/runs.ts';
import { TestRun, Volunteer } from './support/start.ts';

/** Rounds that last longer together than it takes a program to start, compile and fetch the state. */
const ROUNDS = 160;

/**
 * Seven buckets, so that each of three members owns some; work in turns, so that each has some in every round, however slow
 * it was measured to be; every contribution is audited.
 */
const exactJob = (workers: number): JobOverrides => ({
  training: { rounds: ROUNDS, numerics: 'exact', bucketSize: 4096, clipNorm: 2, assignment: 'fixed' },
  workers: { spawn: 0, minimum: workers, backend: 'exact' },
  audit: { rate: 1, floor: 1 },
});

const passedAudits = (directory: string) =>
  journalFacts(directory).filter(({ type, outcome }) => type === 'auditClosed' && outcome === 'passed');

describe('an exact job', () => {
  let alone: RunResult;
  beforeAll(async () => {
    await using run = new TestRun(exactJob(1));
    await using only = new Volunteer(run.workspace, 'only', await run.address(), {}, 'exact');
    await only.peerId();
    alone = await finished(run.command);
  });

  it.each([
    { what: 'in the middle of its work', phase: 'computing' },
    { what: 'when its contribution has been delivered', phase: 'owning' },
  ])(
    'with three workers, one killed $what and one that comes late, ends in the state of one worker',
    async ({ phase }) => {
      await using run = new TestRun(exactJob(3));
      const address = await run.address();
      await using first = new Volunteer(run.workspace, 'first', address, {}, 'exact');
      await using second = new Volunteer(run.workspace, 'second', address, {}, 'exact');
      await using victim = new Volunteer(
        run.workspace,
        'victim',
        address,
        { MURMURATION_CRASH_AT: `${phase}:7` },
        'exact',
      );
      const [, , peerId] = await Promise.all([first.peerId(), second.peerId(), victim.peerId()]);
      await run.committed(8);
      await using late = new Volunteer(run.workspace, 'late', address, {}, 'exact');
      await late.peerId();
      const result = await finished(run.command);

      const directory = await run.directory();
      const facts = journalFacts(directory);
      expect(facts.find((fact) => fact.type === 'memberGone' && fact['peerId'] === peerId)).toMatchObject({
        how: 'lost',
      });
      const taken = facts.filter((fact) => fact.type === 'viewChanged' && fact['reassigned'] !== undefined);
      expect(taken).toMatchObject([{ round: 7, returned: [] }]);
      expectExactlyOnce(directory, ROUNDS);
      expect(late.command.events.some(({ event }) => event === 'worker.synced')).toBe(true);
      expect(passedAudits(directory).length).toBeGreaterThan(ROUNDS);
      const hashes = facts.filter(({ type }) => type === 'roundCommitted').map(({ stateHash }) => stateHash);
      expect(new Set(hashes).size).toBe(ROUNDS);
      expect(result.samples).toBe(alone.samples);
      expect(result.stateHash).toBe(alone.stateHash);
    },
  );

  it('takes no adapter in that computes other bits', async () => {
    await using run = new TestRun(exactJob(1));
    await using onnx = new Volunteer(run.workspace, 'onnx', await run.address(), {}, 'onnx');
    const { code } = await onnx.command.exited;
    expect(code).not.toBe(0);
    expect(onnx.command.transcript).toContain('exact numerics');
  });
});
