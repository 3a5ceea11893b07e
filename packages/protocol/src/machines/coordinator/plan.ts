/** Who trains what, and who reduces what. Pure arithmetic over the members of a view. */
import type { MicroBatch, PeerId, Round, View } from '../../core/ids.ts';
import type { Contributor } from '../../wire/control.ts';
import { byPeerId, isDialable } from './select.ts';
import type { MemberRecord } from './state.ts';

/** What one member trains. */
export type Work = Omit<Contributor, 'assignment'>;

export interface RoundPlan {
  /** Those with work, in peer id order. */
  readonly contributors: readonly Work[];
  readonly owners: readonly PeerId[];
}

type Planner = (members: readonly MemberRecord[], microBatches: readonly MicroBatch[], round: Round) => MicroBatch[][];

/** In every so many rounds a member too slow for a share gets one micro-batch all the same: else its speed would never be measured again. */
const PROBE_EVERY = 8;

/** Micro-batch i to member i mod n: independent of speed, so that the same membership gives the same run. */
const fixed: Planner = (members, microBatches) =>
  members.map((_, m) => microBatches.filter((_batch, i) => i % members.length === m));

/** Consecutive micro-batches in proportion to measured speed, so that all finish together. */
const adaptive: Planner = (members, microBatches, round) => {
  const shares = largestRemainder(
    members.map(({ samplesPerSecond }) => samplesPerSecond),
    microBatches.length,
  );
  let start = 0;
  return (round % PROBE_EVERY === 0 ? leaveNobodyOut(shares) : shares).map((share) => {
    const part = microBatches.slice(start, start + share);
    start += share;
    return part;
  });
};

const planners = { fixed, adaptive } as const satisfies Record<string, Planner>;
type PlannerName = keyof typeof planners;

/**
 * Shares `total` out in proportion to the weights, whole numbers that sum to `total`; ties go to the earlier one. All
 * weights 0 counts as all equal.
 */
export function largestRemainder(weights: readonly number[], total: number): number[] {
  const sum = weights.reduce((a, b) => a + b, 0);
  const exact = weights.map((weight) => (sum > 0 ? (weight / sum) * total : total / weights.length));
  const shares = exact.map(Math.floor);
  const missing = total - shares.reduce((a, b) => a + b, 0);
  const order = exact
    .map((value, i) => ({ i, rest: value - Math.floor(value) }))
    .toSorted((a, b) => b.rest - a.rest || a.i - b.i);
  for (const { i } of order.slice(0, missing)) shares[i] = (shares[i] ?? 0) + 1;
  return shares;
}

/** Takes one from the greatest share, while it can spare one, for each that has none. */
function leaveNobodyOut(shares: readonly number[]): number[] {
  const result = [...shares];
  for (const [i, share] of shares.entries()) {
    const greatest = Math.max(...result);
    if (share > 0 || greatest < 2) continue;
    result[result.indexOf(greatest)] = greatest - 1;
    result[i] = 1;
  }
  return result;
}

/** Bucket b to dialable member b mod n. Empty when nobody can be dialled. */
function planOwners(members: readonly MemberRecord[], buckets: number): PeerId[] {
  const dialable = members.filter(isDialable).toSorted(byPeerId);
  if (dialable.length === 0) return [];
  return Array.from({ length: buckets }, (_, bucket) => dialable[bucket % dialable.length]!.peerId);
}

/** Buckets of owners that are gone move to the living, in turn; all others stay, so that nothing is pushed twice. */
export function replanOwners(owners: readonly PeerId[], members: readonly MemberRecord[]): PeerId[] {
  const dialable = members.filter(isDialable).toSorted(byPeerId);
  if (dialable.length === 0) return [];
  const alive = new Set(dialable.map(({ peerId }) => peerId));
  let next = 0;
  return owners.map((owner) => (alive.has(owner) ? owner : dialable[next++ % dialable.length]!.peerId));
}

/**
 * Hands the work of those who are gone to the living, within the same round. Whoever gets some has its whole work handed
 * out anew in `view`, so that it still commits once, to all of it; everybody else's stays as it was, and so does what they
 * contributed.
 */
export function takeOver({
  contributors,
  living,
  assignment,
  round,
  view,
}: {
  contributors: readonly Contributor[];
  living: readonly MemberRecord[];
  assignment: PlannerName;
  round: Round;
  view: View;
}): Contributor[] {
  const members = living.toSorted(byPeerId);
  const lost = contributors
    .filter(({ peerId }) => !members.some((member) => member.peerId === peerId))
    .flatMap(({ microBatches }) => microBatches)
    .toSorted((a, b) => a - b);
  const shares = planners[assignment](members, lost, round);
  return members.flatMap(({ peerId }, m): Contributor[] => {
    const before = contributors.find((contributor) => contributor.peerId === peerId);
    const more = shares[m] ?? [];
    if (more.length === 0) return before === undefined ? [] : [before];
    const microBatches = [...(before?.microBatches ?? []), ...more].toSorted((a, b) => a - b);
    return [{ peerId, assignment: view, microBatches }];
  });
}

/** The work of one round. Owners are empty when nobody can be dialled. */
export function planRound({
  members,
  microBatches,
  buckets,
  assignment,
  round,
}: {
  members: readonly MemberRecord[];
  microBatches: readonly MicroBatch[];
  buckets: number;
  assignment: PlannerName;
  round: Round;
}): RoundPlan {
  const ordered = members.toSorted(byPeerId);
  const shares = planners[assignment](ordered, microBatches, round);
  const contributors = ordered
    .map(({ peerId }, m) => ({ peerId, microBatches: shares[m] ?? [] }))
    .filter((contributor) => contributor.microBatches.length > 0);
  return { contributors, owners: planOwners(ordered, buckets) };
}
