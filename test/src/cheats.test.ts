/** A worker that sends what it did not compute is found by re-execution, named with the numbers, and not paid for it. */
import { describe, expect, it } from 'vitest';
import { devnetPayment } from './support/jobs.ts';
import { journalFacts } from './support/journal.ts';
import { finished, readReport, workerOf } from './support/runs.ts';
import { TestRun, Volunteer } from './support/start.ts';

interface Case {
  readonly misbehave: string;
  /** Rounds that it can be paid for: a stale gradient needs an honest one first. */
  readonly honestRounds: number;
}

describe('a worker that', () => {
  it.each<Case>([
    { misbehave: 'zeros', honestRounds: 0 },
    { misbehave: 'stale', honestRounds: 1 },
    { misbehave: 'skip-half', honestRounds: 0 },
  ])('sends $misbehave is caught', async ({ misbehave, honestRounds }) => {
    await using run = new TestRun({
      training: { rounds: 30, assignment: 'fixed' },
      workers: { spawn: 2, minimum: 3 },
      audit: { rate: 1, floor: 1 },
      payment: devnetPayment,
    });
    await using cheat = new Volunteer(run.workspace, 'cheat', await run.address(), {
      MURMURATION_MISBEHAVE: misbehave,
    });
    const peerId = await cheat.peerId();
    const result = await finished(run.command);
    const directory = await run.directory();

    const audits = journalFacts(directory).filter((fact) => fact.type === 'auditClosed');
    const failed = audits.filter((audit) => audit['outcome'] === 'failed');
    expect(new Set(failed.map((audit) => audit['target']))).toEqual(new Set([peerId]));
    const { verified, paidWei } = workerOf(result, peerId);
    const microBatchesOfARound = 6 / 3;
    expect(verified).toBeLessThanOrEqual(honestRounds * microBatchesOfARound);
    expect(BigInt(paidWei)).toBe(BigInt(verified) * 10n ** 16n);
    for (const worker of result.workers.filter((other) => other.peerId !== peerId))
      expect(worker.verified).toBe(worker.microBatches);

    const report = readReport(directory);
    expect(report).toContain(peerId.slice(-8));
    expect(report).toMatch(/relative error/);
  });

  it.each([
    { numerics: 'exact', backend: 'exact', outcome: 'failed' },
    { numerics: 'fast', backend: 'onnx', outcome: 'passed' },
  ])(
    'changes its gradient by a millionth: audits in $numerics numerics $outcome',
    async ({ numerics, backend, outcome }) => {
      await using run = new TestRun({
        training: { rounds: 12, assignment: 'fixed', numerics },
        workers: { spawn: 2, minimum: 3, backend },
        audit: { rate: 1, floor: 1 },
      });
      const address = await run.address();
      await using cheat = new Volunteer(run.workspace, 'cheat', address, { MURMURATION_MISBEHAVE: 'nudge' }, backend);
      const peerId = await cheat.peerId();
      const result = await finished(run.command);

      const audits = journalFacts(await run.directory()).filter((fact) => fact.type === 'auditClosed');
      const outcomes = (cheated: boolean) =>
        new Set(audits.filter((audit) => (audit['target'] === peerId) === cheated).map((audit) => audit['outcome']));
      expect(outcomes(true)).toEqual(new Set([outcome]));
      expect(outcomes(false)).toEqual(new Set(['passed']));
      expect(new Set(result.workers.map((worker) => worker.backend))).toEqual(new Set([backend]));
    },
  );

  it('forges buckets is turned away by the owners each time that it comes back, and nobody waits for it', async () => {
    await using run = new TestRun({
      training: { rounds: 100_000, bucketSize: 4096 },
      workers: { spawn: 3, minimum: 3 },
    });
    await using forger = new Volunteer(run.workspace, 'forger', await run.address(), {
      MURMURATION_MISBEHAVE: 'forge',
    });
    const peerId = await forger.peerId();
    const stays = (): number => forger.command.events.filter(({ event }) => event === 'worker.disconnected').length;
    await forger.command.until('three stays', () => (stays() >= 3 ? true : undefined));
    const last = await run.nextCommit();
    await run.interrupt();

    const facts = journalFacts(await run.directory());
    const gone = facts.filter(({ type }) => type === 'memberGone');
    expect(new Set(gone.map((fact) => `${String(fact['peerId'])} ${String(fact['code'])}`))).toEqual(
      new Set([`${peerId} DATA_REFUSED`]),
    );
    const lengths = facts
      .filter(({ type }) => type === 'memberSuspended')
      .map((fact) => (fact['until'] as number) - (fact['round'] as number));
    expect(lengths).toEqual([1, 3]);
    const committed = facts.filter(({ type }) => type === 'roundCommitted');
    expect(committed.length).toBeGreaterThan(last['round'] as number);
    for (const fact of committed)
      expect((fact['shares'] as { peerId: string }[]).map((share) => share.peerId)).not.toContain(peerId);
  });
});
