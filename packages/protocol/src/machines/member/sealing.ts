/** Sealed rounds: held, fetched where something is missing, applied in order. */
import { round as roundOf } from '../../core/ids.ts';
import type { Bucket } from '../../core/ids.ts';
import type { CoordinatorMessageOf } from '../../wire/control.ts';
import type { MemberEventOf } from './events.ts';
import { afterApply, beforeApply } from './retention.ts';
import type { SealMessage, SealProgress } from './state.ts';
import type { MemberTurn } from './turn.ts';

/** Sealed rounds that a joiner may have waiting; the coordinator gives a later snapshot before it comes to that. */
const MAX_WAITING_SEALS = 1024;

export function takeSeal(turn: MemberTurn, seal: CoordinatorMessageOf<'seal'>): void {
  const { held, seals, phase, lastApplied } = turn.state;
  if (phase !== 'preparing' && phase !== 'syncing' && phase !== 'following') return;
  if (seals.some((progress) => progress.seal.view === seal.view)) return;
  if (held !== null && seal.round < held.round) {
    // Only the coordinator that was restarted, or that lost this member's answer, says it again.
    if (lastApplied?.view === seal.view && phase === 'following') sayApplied(turn, lastApplied);
    return;
  }
  if (seals.length >= MAX_WAITING_SEALS)
    return turn.because(`too many sealed rounds wait; round ${seal.round} is left out`);
  turn.set({
    seals: [
      ...seals.filter((progress) => progress.seal.round !== seal.round),
      { seal, step: 'waiting' } satisfies SealProgress,
    ].toSorted((a, b) => a.seal.round - b.seal.round),
  });
  turn.because(`round ${seal.round} is sealed`);
  if (phase !== 'preparing') continueSeals(turn);
}

/** Takes the next sealed round in hand; with none left, the member stands where the run stands. */
export function continueSeals(turn: MemberTurn): void {
  const { seals, held, wanted, phase } = turn.state;
  if (held === null || wanted !== null) return;
  const [first] = seals;
  if (first === undefined) {
    if (phase === 'syncing') sayReady(turn);
    return;
  }
  if (first.step !== 'waiting' || first.seal.round !== held.round) return;
  const missing = missingBuckets(turn, first.seal);
  if (missing.length === 0) return apply(turn, first.seal);
  setFirst(turn, { ...first, step: 'fetching' });
  const { round, view, hashes } = first.seal;
  const holders = first.seal.holders.filter(({ peerId }) => peerId !== turn.self);
  turn.do({
    type: 'fetchReduced',
    round,
    view,
    buckets: missing.map((bucket) => ({ bucket, hash: hashes[bucket]! })),
    holders,
  });
  turn.because(`fetching ${missing.length} sealed buckets of round ${round}`);
}

/** Buckets that are not here with the sealed content. */
function missingBuckets(turn: MemberTurn, { view, hashes }: SealMessage): Bucket[] {
  const { collective } = turn.state;
  const here = collective?.view === view ? collective.reduced : [];
  return hashes.flatMap((hash, bucket) => (here[bucket] === hash ? [] : [bucket as Bucket]));
}

function apply(turn: MemberTurn, seal: SealMessage): void {
  const { round, view, hashes, samples } = seal;
  setFirst(turn, { seal, step: 'applying' });
  beforeApply(turn, round);
  turn.do({ type: 'cancelTimer', name: 'stalled' }, { type: 'apply', round, view, hashes, samples });
  turn.because(`applying round ${round}`);
}

function setFirst(turn: MemberTurn, progress: SealProgress): void {
  turn.set({ seals: turn.state.seals.with(0, progress) });
}

export function noteFetched(turn: MemberTurn, { view }: MemberEventOf<'reducedFetched'>): void {
  const [first] = turn.state.seals;
  if (first?.seal.view === view && first.step === 'fetching' && turn.state.held?.round === first.seal.round)
    apply(turn, first.seal);
}

export function noteApplied(
  turn: MemberTurn,
  { round, view, stateHash, gradientNorm }: MemberEventOf<'applied'>,
): void {
  const [first, ...rest] = turn.state.seals;
  if (first?.seal.view !== view || first.step !== 'applying') return;
  const next = roundOf(round + 1);
  turn.set({
    seals: rest,
    held: { round: next, stateHash },
    lastApplied: { round, view, gradientNorm },
    reduceFailures: 0,
  });
  if (turn.state.collective?.round === round) turn.set({ collective: null });
  turn.do({ type: 'notice', notice: { kind: 'applied', round: next, stateHash } });
  afterApply(turn, first.seal);
  turn.because(`stands at round ${next}`);
  if (turn.state.phase === 'following') sayApplied(turn, { round, view, gradientNorm });
  continueSeals(turn);
}

function sayApplied(
  turn: MemberTurn,
  { round, view, gradientNorm }: NonNullable<MemberTurn['state']['lastApplied']>,
): void {
  const { held } = turn.state;
  if (held?.round === round + 1) turn.send({ type: 'applied', round, view, stateHash: held.stateHash, gradientNorm });
}

function sayReady(turn: MemberTurn): void {
  const { held, prepared } = turn.state;
  if (held === null || prepared === null) return;
  turn.set({ phase: 'following' });
  turn.send({ type: 'ready', ...held, samplesPerSecond: prepared.samplesPerSecond });
  turn.do({ type: 'notice', notice: { kind: 'ready', round: held.round } });
  turn.because(`ready at round ${held.round}`);
}
