/** Buckets that come from other members: taken, kept for later, or forgotten. */
import type { PeerId } from '../../core/ids.ts';
import type { MemberEventOf } from './events.ts';
import { placeReduced, reduceWhatCan, tellGathered } from './reductions.ts';
import { workOf, type CollectiveState } from './state.ts';
import type { MemberTurn } from './turn.ts';

/** Tensors held for messages that have not come yet, in multiples of the model's buckets: of one sender, and of all. */
const EARLY_MODELS_OF_ONE = 1;
const EARLY_MODELS = 8;
/** Views ahead of a new one for which tensors go on waiting. */
const EARLY_VIEWS = 64;

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
  if (!wanted || collective.reduced[bucket] !== null) return forget(turn, event);
  placeReduced(turn, collective, bucket, hash);
  tellGathered(turn);
}

type EarlyEvent = MemberEventOf<'contributionReceived'> | MemberEventOf<'reducedReceived'>;

function forget(turn: MemberTurn, event: EarlyEvent): void {
  if (event.type === 'contributionReceived') return discard(turn, event);
  const { view, bucket, hash } = event;
  turn.do({ type: 'discard', kind: 'reduced', view, bucket, hash });
}

const viewOf = (event: EarlyEvent): number => (event.type === 'reducedReceived' ? event.view : event.assignment);

/** Keeps what came before its message, as long as there is room; nobody can take up the others' room. */
function keepEarly(turn: MemberTurn, kind: 'contributions' | 'reduced', event: EarlyEvent): void {
  const { early, prepared } = turn.state;
  const kept: readonly EarlyEvent[] = early[kind];
  const buckets = prepared?.buckets ?? 0;
  const ofSender = kept.reduce((count, { from }) => count + (from === event.from ? 1 : 0), 0);
  if (ofSender >= EARLY_MODELS_OF_ONE * buckets) return forget(turn, event);
  if (kept.length < EARLY_MODELS * buckets) return turn.set({ early: { ...early, [kind]: [...kept, event] } });
  // Keys cost nothing: a stranger's give way to a member's.
  const stranger = isMember(turn, event) ? kept.find((other) => !isMember(turn, other)) : undefined;
  forget(turn, stranger ?? event);
  if (stranger === undefined) return;
  turn.set({ early: { ...early, [kind]: [...kept.filter((other) => other !== stranger), event] } });
}

const isMember = (turn: MemberTurn, { from }: EarlyEvent): boolean => turn.state.known.includes(from);

/** Takes what has waited for this assignment or view. What is still ahead goes on waiting if it may be wanted soon. */
export function takeEarly(turn: MemberTurn): void {
  const { early, collective } = turn.state;
  turn.set({
    early: { contributions: [], reduced: [] },
    known: collective?.members.map(({ peerId }) => peerId) ?? [],
  });
  const reach = (collective?.view ?? 0) + EARLY_VIEWS;
  const take = <E extends EarlyEvent>(events: readonly E[], note: (turn: MemberTurn, event: E) => void): void => {
    for (const event of events)
      if (isMember(turn, event) && viewOf(event) <= reach) note(turn, event);
      else forget(turn, event);
  };
  take(early.contributions, noteContribution);
  take(early.reduced, noteReducedReceived);
}
