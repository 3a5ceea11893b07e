/** Buckets that come from other members: taken, kept for later, or forgotten. */
import type { PeerId } from '../../core/ids.ts';
import type { MemberEventOf } from './events.ts';
import { placeReduced, reduceWhatCan, tellGathered } from './reductions.ts';
import { workOf, type CollectiveState } from './state.ts';
import type { MemberTurn } from './turn.ts';

/** Tensors held for messages that have not come yet, in multiples of the model's buckets: of one sender, and of all. */
const EARLY_MODELS_OF_ONE = 1;
const EARLY_MODELS = 8;

export function noteContribution(turn: MemberTurn, event: MemberEventOf<'contributionReceived'>): void {
  const { collective } = turn.state;
  if (collective === null || event.assignment > collective.view) return keepEarly(turn, 'contributions', event);
  if (!isWelcome(turn, collective, event)) return discard(turn, event);
  const { from, bucket, round, assignment, microBatches, samples, root, signature } = event;
  if (collective.arrived[bucket]?.includes(from)) return;
  turn.setCollective({
    ...collective,
    commitments: { ...collective.commitments, [from]: { round, assignment, microBatches, samples, root, signature } },
    arrived: collective.arrived.with(bucket, [...collective.arrived[bucket]!, from]),
  });
  turn.because(`bucket ${bucket} of ${from}`);
  if (collective.owners[bucket] === turn.self) reduceWhatCan(turn, [bucket]);
}

/** It must be the work that was handed out last, and the same commitment as in the frames before. */
function isWelcome(
  turn: MemberTurn,
  { round, arrived, contributors, commitments }: CollectiveState,
  event: MemberEventOf<'contributionReceived'>,
): boolean {
  const { from, bucket, microBatches, root, samples } = event;
  const work = workOf(contributors, from);
  if (work?.assignment !== event.assignment || bucket >= arrived.length || from === turn.self) return false;
  const earlier = commitments[from];
  if (earlier !== undefined && (earlier.root !== root || earlier.samples !== samples))
    return accuse(turn, from, 'EQUIVOCATION', `it signed two commitments for round ${round}`);
  const same =
    event.round === round &&
    work.microBatches.length === microBatches.length &&
    work.microBatches.every((number, i) => number === microBatches[i]);
  return (
    same ||
    accuse(
      turn,
      from,
      'BAD_CONTRIBUTION',
      `its contribution to round ${round} is over other micro-batches than were assigned`,
    )
  );
}

/** Tells the coordinator; always false, so that checks can end with it. */
function accuse(turn: MemberTurn, peerId: PeerId, code: string, reason: string): false {
  const round = turn.state.collective?.round ?? turn.state.held?.round;
  if (round !== undefined) turn.send({ type: 'fault', round, peerId, code, reason });
  return false;
}

function discard(turn: MemberTurn, { assignment, from, bucket }: MemberEventOf<'contributionReceived'>): void {
  turn.do({ type: 'discard', kind: 'contribution', assignment, from, bucket });
}

export function noteReducedReceived(turn: MemberTurn, event: MemberEventOf<'reducedReceived'>): void {
  const { collective } = turn.state;
  const { from, view, bucket, hash } = event;
  if (collective === null || view > collective.view) return keepEarly(turn, 'reduced', event);
  const wanted = view === collective.view && collective.owners[bucket] === from && from !== turn.self;
  if (wanted && collective.reduced[bucket] === hash) return;
  if (!wanted || collective.reduced[bucket] !== null)
    return turn.do({ type: 'discard', kind: 'reduced', view, bucket, hash });
  placeReduced(turn, collective, bucket, hash);
  tellGathered(turn);
}

type EarlyEvent = MemberEventOf<'contributionReceived'> | MemberEventOf<'reducedReceived'>;

/** Keeps what came before its message, as long as there is room; nobody can take up the others' room. */
function keepEarly(turn: MemberTurn, kind: 'contributions' | 'reduced', event: EarlyEvent): void {
  const { early, prepared } = turn.state;
  const kept: readonly EarlyEvent[] = early[kind];
  const buckets = prepared?.buckets ?? 0;
  const ofSender = kept.reduce((count, { from }) => count + (from === event.from ? 1 : 0), 0);
  if (kept.length < EARLY_MODELS * buckets && ofSender < EARLY_MODELS_OF_ONE * buckets)
    return turn.set({ early: { ...early, [kind]: [...kept, event] } });
  if (event.type === 'contributionReceived') discard(turn, event);
  else turn.do({ type: 'discard', kind: 'reduced', view: event.view, bucket: event.bucket, hash: event.hash });
}

/** Takes what has waited for this assignment or view; what is still ahead goes on waiting. */
export function takeEarly(turn: MemberTurn): void {
  const { contributions, reduced } = turn.state.early;
  turn.set({ early: { contributions: [], reduced: [] } });
  for (const event of contributions) noteContribution(turn, event);
  for (const event of reduced) noteReducedReceived(turn, event);
}
