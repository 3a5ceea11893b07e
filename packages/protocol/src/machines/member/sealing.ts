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
/** Rounds that are fetched before their turn: with the next one that is as much as a worker keeps of what is not applied yet. */
const FETCHED_AHEAD = 2;

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
  if (first.seal.round !== held.round) return;
  if (first.step === 'fetched') apply(turn, first.seal);
  if (first.step === 'waiting') {
    if (missingBuckets(turn, first.seal).length === 0) apply(turn, first.seal);
    else fetch(turn, 0);
  }
  fetchAhead(turn);
}

/**
 * Whoever catches up is behind a run that goes on: the rounds after the next one are fetched while that one is applied, or
 * a run with short rounds would stay ahead for ever.
 */
function fetchAhead(turn: MemberTurn): void {
  const { seals, held, phase } = turn.state;
  if (phase !== 'syncing' || held === null) return;
  seals.slice(0, FETCHED_AHEAD + 1).forEach(({ seal, step }, at) => {
    const follows = seal.round === held.round + at;
    if (at > 0 && follows && step === 'waiting' && missingBuckets(turn, seal).length > 0) fetch(turn, at);
  });
}

function fetch(turn: MemberTurn, at: number): void {
  const { seal } = turn.state.seals[at]!;
  const { round, view, hashes } = seal;
  const missing = missingBuckets(turn, seal);
  setStep(turn, at, 'fetching');
  turn.do({
    type: 'fetchReduced',
    round,
    view,
    buckets: missing.map((bucket) => ({ bucket, hash: hashes[bucket]! })),
    holders: seal.holders.filter(({ peerId }) => peerId !== turn.self),
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
  setStep(turn, 0, 'applying');
  beforeApply(turn, round);
  turn.do({ type: 'cancelTimer', name: 'stalled' }, { type: 'apply', round, view, hashes, samples });
  turn.because(`applying round ${round}`);
}

function setStep(turn: MemberTurn, at: number, step: SealProgress['step']): void {
  const { seals } = turn.state;
  turn.set({ seals: seals.with(at, { ...seals[at]!, step }) });
}

export function noteFetched(turn: MemberTurn, { view }: MemberEventOf<'reducedFetched'>): void {
  const at = turn.state.seals.findIndex(({ seal, step }) => seal.view === view && step === 'fetching');
  if (at < 0) return;
  setStep(turn, at, 'fetched');
  continueSeals(turn);
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
