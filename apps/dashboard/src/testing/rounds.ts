/** Rounds of a made-up run: who computed how long, waited for whom, failed or was audited. Each follows from its number. */
import type { RoundLine, RoundSpan } from '@murmuration/protocol/dashboard';
import { shortPeer } from '@murmuration/protocol/dashboard';
import type { MockShape } from './shape.ts';
import { hashOf, peerIdOf, speedOf } from './names.ts';
import { between, chance } from './random.ts';

/** Members of a round that a line shows. */
const SHOWN = 64;

export const roundDuration = (shape: MockShape, round: number): number =>
  Math.round(between(0.8, 1.25, 21, round) * shape.roundMs * (fails(round) ? 1.6 : 1));

/** Every 23rd round loses a member. */
export const fails = (round: number): boolean => round % 23 === 7;

export const lossAt = (shape: MockShape, round: number): number =>
  2.3 * Math.exp((-5 * round) / shape.targetRounds) +
  0.06 +
  between(-0.05, 0.05, 22, round) * (0.3 + Math.exp(-round / 90));

export const evaluationAt = (shape: MockShape, round: number): { loss: number; accuracy: number } => ({
  loss: 2.3 * Math.exp((-5 * round) / shape.targetRounds) + 0.085,
  accuracy: 0.979 - 0.87 * Math.exp((-9 * round) / shape.targetRounds) + between(-0.002, 0.002, 23, round),
});

type Member = RoundLine['members'][number];

export function roundLine(shape: MockShape, round: number, startedAt: number, underWay = false): RoundLine {
  const whole = roundDuration(shape, round);
  const shown = Math.min(SHOWN, shape.members);
  const first = shape.members > SHOWN ? Math.floor(chance(24, round) * shape.members) : 0;
  const lost = fails(round) ? Math.floor(chance(25, round) * shown) : -1;
  const members = Array.from({ length: shown }, (_, place): Member => {
    const member = (first + place) % shape.members;
    const spans = place === lost ? lostSpans(whole) : workSpans(round, member, whole, lost >= 0);
    return {
      peerId: peerIdOf(member),
      microBatches: Math.max(1, Math.round(speedOf(member) / 9000)),
      spans: underWay ? spans.slice(0, 1 + Math.floor(2 * chance(26, round, member))) : spans,
    };
  });
  return {
    round,
    assignment: round * 2 + 1,
    view: round * 2 + 1 + Number(lost >= 0),
    startedAt,
    milliseconds: underWay ? null : whole,
    outcome: underWay ? 'under way' : 'committed',
    trainLoss: underWay ? null : lossAt(shape, round),
    samples: shape.microBatches * shape.microBatch,
    stateHash: underWay ? null : hashOf(round),
    members,
    hidden: shape.members - shown,
    events:
      lost < 0 || underWay
        ? []
        : [
            {
              atMs: whole * 0.52,
              reason: `view ${round * 2 + 2}: ${shortPeer(members[lost]!.peerId)} sent no heartbeat for 5 s; its 2 micro-batches return to the queue`,
            },
          ],
  };
}

const span = (what: RoundSpan['what'], fromMs: number, toMs: number, note = ''): RoundSpan => ({
  what,
  fromMs,
  toMs,
  note,
});

const lostSpans = (whole: number): RoundSpan[] => [
  span('computed', 0, whole * 0.3),
  span('failed', whole * 0.3, whole * 0.52, 'no heartbeat for 5 s'),
];

function workSpans(round: number, member: number, whole: number, disturbed: boolean): RoundSpan[] {
  const computed = whole * between(0.38, 0.5, 31, round, member);
  const pushed = computed + whole * between(0.05, 0.1, 32, round, member);
  const ready = whole * (disturbed ? 0.72 : 0.6);
  const reduced = ready + whole * between(0.06, 0.1, 33, round, member);
  const gathered = reduced + whole * between(0.06, 0.12, 34, round, member);
  const owns = chance(35, member) < 0.6;
  const audited = chance(36, round, member) < 0.04;
  return [
    span('computed', 0, computed),
    span('pushed', computed, pushed),
    span('waited', pushed, ready, disturbed ? 'for the member that was lost' : 'for the slowest contribution'),
    ...(owns ? [span('reduced', ready, reduced, 'owns buckets')] : [span('waited', ready, reduced)]),
    span('gathered', reduced, gathered),
    span('applied', gathered, whole),
    ...(audited ? [span('audited', whole * 0.9, whole, 'passed: equal bits')] : []),
  ];
}
