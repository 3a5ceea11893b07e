/** The made-up run's log, and the work of one member: each line follows from its number. */
import type { LogLine, MemberDetail, MemberRow, WorkLine } from '@murmuration/protocol/dashboard';
import { shortPeer } from '@murmuration/protocol/dashboard';
import type { MockShape } from './shape.ts';
import { addressOfMember, hashOf, kindOf, peerIdOf } from './names.ts';
import { between, chance } from './random.ts';
import { evaluationAt, fails, lossAt } from './rounds.ts';

/** Journal entries of a round. */
export const ENTRIES = 4;
export const PRICE = 10n ** 16n;

type Words = Pick<LogLine, 'kind' | 'severity' | 'text'> & { readonly member?: number };

const short = (member: number): string => shortPeer(peerIdOf(member));

function wordsOf(shape: MockShape, round: number, part: number): Words {
  const member = Math.floor(chance(41, round, part) * shape.members);
  if (part === 0) {
    return fails(round)
      ? {
          kind: 'member',
          severity: 'bad',
          member,
          text: `${short(member)} was lost in round ${round}: no heartbeat for 5 s. Its 2 micro-batches return to the queue.`,
        }
      : {
          kind: 'round',
          severity: 'info',
          text: `Round ${round} handed out: ${shape.microBatches} micro-batches to ${shape.members} members in proportion to their speed.`,
        };
  }
  if (part === 1) {
    return chance(42, round) < 0.07
      ? {
          kind: 'audit',
          severity: 'warning',
          member,
          text: `Audit ${round} of ${short(member)}: the first auditor doubts (relative error 8.1e-5, accepted up to 5e-5), a second one is drawn.`,
        }
      : {
          kind: 'audit',
          severity: 'good',
          member,
          text: `Audit ${round} of ${short(member)} passed: 2 micro-batches re-executed, all ${shape.microBatch * 2} samples give the same bits.`,
        };
  }
  if (part === 2)
    return {
      kind: 'round',
      severity: 'info',
      text: `Round ${round} committed: all replicas at ${hashOf(round).slice(0, 12)}…, loss ${lossAt(shape, round).toFixed(4)}.`,
    };
  if (round % 100 === 99)
    return {
      kind: 'pay',
      severity: 'good',
      text: `Epoch ${(round + 1) / 100} settled: ${shape.members} members, root attested by 3 auditors, transaction ${hashOf(round, 1).slice(0, 12)}….`,
    };
  if (round % 25 === 24) {
    const { loss, accuracy } = evaluationAt(shape, round);
    return {
      kind: 'evaluation',
      severity: 'good',
      text: `Evaluation after round ${round}: loss ${loss.toFixed(4)}, ${(accuracy * 100).toFixed(2)} % of 10,000 right.`,
    };
  }
  if (fails(round - 2))
    return {
      kind: 'member',
      severity: 'info',
      member,
      text: `${short(member)} is back at round ${round}: it held round ${round - 2} and replayed 2 sealed rounds.`,
    };
  return { kind: 'checkpoint', severity: 'info', text: `Checkpoint of round ${round} written.` };
}

export function logLine(shape: MockShape, sequence: number, at: number): LogLine {
  const round = Math.floor(sequence / ENTRIES);
  const { member, ...words } = wordsOf(shape, round, sequence % ENTRIES);
  return { id: sequence, sequence, at, round, peerId: member === undefined ? null : peerIdOf(member), ...words };
}

export function workLine(shape: MockShape, member: number, round: number, at: number): WorkLine {
  const count = 1 + Math.floor(chance(51, round, member) * 3);
  const first = round * shape.microBatches + member * 2;
  const audited = chance(52, round, member) < 0.12;
  const lost = fails(round) && chance(53, round, member) < 0.3;
  return {
    round,
    assignment: round * 2 + 1,
    at,
    microBatches: Array.from({ length: count }, (_, place) => first + place),
    samples: count * shape.microBatch,
    lossMean: lossAt(shape, round) + between(-0.1, 0.1, 54, round, member),
    computeMs: lost ? null : between(0.3, 0.5, 55, round, member) * shape.roundMs,
    outcome: lost ? 'requeued' : 'committed',
    pay: !shape.paid
      ? 'unpaid job'
      : lost
        ? 'not due'
        : round >= shape.rounds - (shape.rounds % 100)
          ? 'waits'
          : 'pays',
    epoch: lost || !shape.paid || round >= shape.rounds - (shape.rounds % 100) ? null : Math.floor(round / 100) + 1,
    audit: audited && !lost ? { audit: round, outcome: 'passed' } : null,
    reason: lost
      ? 'It was lost before its contribution was delivered, so others trained these micro-batches.'
      : audited
        ? `Committed with round ${round}; an audit re-executed them and found the same bits.`
        : `Committed with round ${round}.`,
  };
}

export function memberDetail(
  shape: MockShape,
  row: MemberRow,
  member: number,
  rounds: number,
  startedAt: number,
): MemberDetail {
  const epochs = Math.floor(rounds / 100);
  const perEpoch = Math.floor(row.verified / Math.max(1, rounds / 100));
  return {
    ...row,
    payout: chance(61, member) < 0.5 ? row.address : addressOfMember(member, 62),
    joinedAt: startedAt + Math.floor(chance(63, member) * 60_000),
    rounds,
    samples: row.verified * shape.microBatch,
    computeMs: rounds * shape.roundMs * 0.44,
    audits: Array.from({ length: Math.min(100, row.trust.passed + row.trust.failed) }, (_, age) =>
      auditRow(rounds - 1 - age * 9, member, row, age),
    ),
    epochs: Array.from({ length: epochs }, (_, index) => ({
      epoch: epochs - index,
      round: (epochs - index) * 100,
      verified: perEpoch,
      cumulativeWei: String(BigInt((epochs - index) * perEpoch) * PRICE),
      transaction: index === 0 ? null : hashOf(member, epochs - index),
      paidWei: index === 0 ? null : String((BigInt((epochs - index) * perEpoch) * PRICE * 9n) / 10n),
      deferred: index === 0 ? 'The challenge window is open until round 820.' : null,
    })),
    pay: payOf(shape, row),
  };
}

function payOf(shape: MockShape, row: MemberRow): string[] {
  if (!shape.paid) return ['This job pays nobody: its `payment` is `none`.'];
  const tokens = (Number(BigInt(row.earnedWei) / 10n ** 12n) / 1e6).toFixed(2);
  return [
    `${row.verified} verified micro-batches × 0.01 MDT = ${tokens} MDT.`,
    ...(row.forfeited > 0
      ? [`${row.forfeited} micro-batches are forfeited: a failed audit's contribution is not paid.`]
      : []),
    '10 % of each epoch is held back until its challenge window has passed, 50 rounds after it was settled.',
    'The open epoch is settled with round 800; nothing is left to do for you: pay arrives at the payout address.',
  ];
}

function auditRow(round: number, member: number, row: MemberRow, age: number): MemberDetail['audits'][number] {
  const failed = age < row.trust.failed;
  const exact = kindOf(member).adapter.class === 'exact';
  const relativeError = failed
    ? between(0.02, 0.3, 64, round, member)
    : exact
      ? 0
      : between(1e-7, 9e-7, 64, round, member);
  const said = failed ? 'the gradient differs' : exact ? 'equal bits' : 'within the tolerance of 5e-5';
  return {
    audit: Math.max(0, round),
    round: Math.max(0, round),
    microBatches: 2,
    outcome: failed ? 'failed' : 'passed',
    verdicts: Array.from({ length: failed ? 2 : 1 }, (_, place) => ({
      auditor: peerIdOf((member + 3 + place) % 97),
      outcome: failed ? 'fail' : 'pass',
      relativeError,
      reason: said,
    })),
    reason: failed
      ? 'Two auditors found another gradient: the contribution is not paid.'
      : `One auditor re-executed it: ${said}.`,
  };
}
