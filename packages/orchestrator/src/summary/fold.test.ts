import { hash, round } from '@murmuration/protocol';
import { describe, expect, it } from 'vitest';
import { describeRun } from './describe.ts';
import { NO_ESCROW, runResult, withPaid } from './result.ts';
import { summarize } from './fold.ts';
import { ana, anaAddress, ben, committed, joined, story, told } from './testing.ts';

describe('summarize', () => {
  const summary = summarize('test', story);

  it('counts what each worker did, earned and lost', () => {
    expect(summary.workers).toMatchObject([
      {
        peerId: ana,
        microBatches: 20,
        samples: 80,
        rounds: 10,
        verified: 20,
        forfeited: 0,
        earnedWei: 2000n,
        paidWei: 2000n,
        status: 'joined',
      },
      {
        peerId: ben,
        microBatches: 10,
        samples: 40,
        rounds: 10,
        verified: 6,
        forfeited: 4,
        earnedWei: 0n,
        paidWei: 0n,
        status: 'expelled',
        auditsFailed: 1,
      },
    ]);
  });

  it('keeps audits with their numbers, faults with their reasons, epochs with their transactions', () => {
    expect(summary.audits).toMatchObject([
      { audit: 0, outcome: 'failed', rate: 0.5, verdicts: [{ relativeError: 1 }] },
    ]);
    expect(summary.faults.map(({ kind }) => kind)).toEqual(['not paid', 'expelled']);
    expect(summary.epochs).toMatchObject([{ epoch: 0, totalWei: 2600n, transaction: '0xfeed', attestations: 1 }]);
    expect(summary.outcome).toMatchObject({ outcome: 'finished', rounds: 10 });
  });

  it('forgets rounds that were rolled back, but not who trained them', () => {
    const back = told(20, {
      type: 'rolledBack',
      from: round(3),
      to: round(1),
      stateHash: null,
      returned: [],
      reason: 'a test',
    });
    const summary = summarize('test', [
      told(0, joined(ana)),
      ...[0, 1, 2].map((number) => told(1, committed(number))),
      back,
      told(21, committed(1)),
    ]);
    expect(summary.rounds.map((entry) => entry.round)).toEqual([0, 1]);
    expect(summary.workers[0]).toMatchObject({ microBatches: 8, rounds: 4 });
  });

  it('keeps a worker that comes back as one', () => {
    const gone = told(5, {
      type: 'memberGone',
      peerId: ana,
      how: 'lost',
      round: round(1),
      phase: 'training',
      code: 'SILENT',
      reason: 'silent',
    });
    const { workers, faults } = summarize('test', [
      told(1, joined(ana)),
      told(2, committed(0)),
      gone,
      told(6, joined(ana)),
      told(7, committed(1)),
    ]);
    expect(workers).toMatchObject([{ peerId: ana, microBatches: 4, status: 'joined' }]);
    expect(faults).toMatchObject([{ kind: 'lost', reason: 'while training: silent' }]);
  });
});

describe('runResult', () => {
  it('has the fields that `run.finished` promises', () => {
    const result = runResult(summarize('test', story), NO_ESCROW, null);
    expect(result).toMatchObject({
      event: 'run.finished',
      rounds: 10,
      trainLoss: 1.1,
      evalLoss: 0.5,
      evalAccuracy: 0.875,
      stateHash: hash(`0x${'5'.repeat(64)}`),
      samples: 120,
      seconds: 16,
      escrow: NO_ESCROW,
    });
    expect(result.workers[0]).toEqual({
      peerId: ana,
      address: anaAddress,
      backend: 'onnx',
      adapter: 'test <adapter>',
      microBatches: 20,
      verified: 20,
      paidWei: '2000',
    });
  });

  it('takes what the chain says over what the journal knew', () => {
    const paid = withPaid(summarize('test', story), { [anaAddress.toUpperCase().replace('0X', '0x')]: '2600' });
    expect(runResult(paid, NO_ESCROW, null).workers[0]?.paidWei).toBe('2600');
  });
});

describe('describeRun', () => {
  it('says how a stopped run goes on', () => {
    const lines = describeRun(summarize('test', story.slice(0, 8)), null);
    expect(lines[0]).toContain('`orchestrate resume` goes on');
    expect(describeRun(summarize('test', story.slice(0, 8)), 42)[0]).toContain('running in process 42');
  });
});
