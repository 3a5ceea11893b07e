/** A worker may vanish at any moment: the run goes on, no micro-batch is lost or doubled, the replicas agree. */
import { describe, expect, it } from 'vitest';
import { journalFacts } from './support/journal.ts';
import { expectExactlyOnce } from './support/microbatches.ts';
import { devnetPayment } from './support/jobs.ts';
import { finished, workerOf } from './support/runs.ts';
import { TestRun, Volunteer } from './support/start.ts';

/** Seven buckets, so that each of three members owns some. */
const manyBuckets = { bucketSize: 4096 };
/** Rounds that last longer than it takes a program to start, compile and fetch the state. */
const LONG = 400;

describe('SIGKILL of a worker', () => {
  it.each(['computing', 'pushing', 'owning', 'applying'])('while %s costs no micro-batch', async (phase) => {
    await using run = new TestRun({ training: { ...manyBuckets, rounds: 16 }, workers: { spawn: 2, minimum: 3 } });
    await using victim = new Volunteer(run.workspace, 'victim', await run.address(), {
      MURMURATION_CRASH_AT: `${phase}:6`,
    });
    const peerId = await victim.peerId();
    const result = await finished(run.command);
    expect(result.rounds).toBe(16);
    const directory = await run.directory();
    expectExactlyOnce(directory, 16);
    const gone = journalFacts(directory).find((fact) => fact.type === 'memberGone' && fact['peerId'] === peerId);
    expect(gone, 'the victim was never missed').toMatchObject({ how: 'lost' });
    expect(journalFacts(directory).filter((fact) => fact.type === 'memberFlagged')).toEqual([]);
  });
});

describe('a worker that joins in the middle', () => {
  it('fetches the state, takes part and is paid for what it did', async () => {
    await using run = new TestRun({
      training: { ...manyBuckets, rounds: LONG },
      workers: { spawn: 2, minimum: 2 },
      payment: devnetPayment,
    });
    await run.committed(10);
    await using late = new Volunteer(run.workspace, 'late', await run.address());
    const peerId = await late.peerId();
    const result = await finished(run.command);
    expectExactlyOnce(await run.directory(), LONG);
    const { microBatches, verified, paidWei } = workerOf(result, peerId);
    expect(microBatches).toBeGreaterThan(0);
    expect(verified).toBe(microBatches);
    expect(BigInt(paidWei)).toBe(BigInt(verified) * 10n ** 16n);
    expect(late.command.events.some(({ event }) => event === 'worker.synced')).toBe(true);
  });
});

describe('workers started by hand', () => {
  it('listen on ports of their own and behave as spawned ones', async () => {
    await using run = new TestRun({ training: manyBuckets, workers: { spawn: 0, minimum: 2 } });
    const address = await run.address();
    await using first = new Volunteer(run.workspace, 'first', address);
    await using second = new Volunteer(run.workspace, 'second', address);
    const peers = await Promise.all([first.peerId(), second.peerId()]);
    const result = await finished(run.command);
    expectExactlyOnce(await run.directory(), 20);
    expect(result.workers.map(({ peerId }) => peerId).toSorted()).toEqual(peers.toSorted());
    expect(await Promise.all([first.command.exited, second.command.exited])).toEqual([
      { code: 0, signal: null },
      { code: 0, signal: null },
    ]);
    const hashes = [first, second].map(({ command }) =>
      command.events.filter(({ event }) => event === 'worker.applied').map(({ stateHash }) => stateHash),
    );
    expect(hashes[0]).toHaveLength(20);
    expect(hashes[0]).toEqual(hashes[1]);
  });
});
