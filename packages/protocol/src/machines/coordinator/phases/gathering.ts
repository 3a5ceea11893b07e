/** Before the first round, and again when too few members are left: wait until enough stand at the same state. */
import { isCheckpointed } from '../checkpoints.ts';
import { regatherTimeout } from '../deadlines.ts';
import { majority } from '../majority.ts';
import { flagWrongState } from '../membership.ts';
import { rollBack } from '../rollback.ts';
import { eligibleMembers, presentMembers, presentPoint, samePoint } from '../select.ts';
import type { CoordinatorState, MemberRecord } from '../state.ts';
import type { CoordinatorTurn } from '../turn.ts';
import { beginClosing } from './enter.ts';

export function progressGathering(turn: CoordinatorTurn): void {
  const { phase, config } = turn.state;
  if (phase.name !== 'gathering') return;
  if (turn.state.draining !== null) return go(turn);
  if (presentPoint(turn.state) === null) agreeOnStart(turn, phase);
  const eligible = eligibleMembers(turn.state);
  const wanted = Math.max(config.minMembers, phase.due ? 0 : config.startMembers);
  if (eligible.length >= wanted && eligible.some(({ addresses }) => addresses.length > 0)) return go(turn);
  if (eligible.length === 0 && stranded(turn.state) && (phase.due || !mayReturn(turn.state)))
    rollBack(turn, 'no member holds the state any more');
}

/** Enough are here to go on from a checkpoint, and there is no source of the present state but members. */
const canRollBack = (state: CoordinatorState): boolean =>
  state.committed > 0 && !isCheckpointed(state) && presentMembers(state).length >= state.config.minMembers;

/** Everybody who is here waits, and there is no source for them. */
const stranded = (state: CoordinatorState): boolean =>
  canRollBack(state) &&
  presentMembers(state).every(({ status, held }) => status === 'waiting' && !samePoint(held, presentPoint(state)));

/** Somebody who is away was last seen with the present state. */
const mayReturn = (state: CoordinatorState): boolean =>
  Object.values<MemberRecord>(state.members).some(
    ({ status, held }) => status === 'lost' && samePoint(held, presentPoint(state)),
  );

function go(turn: CoordinatorTurn): void {
  turn.do({ type: 'cancelTimer', name: 'gather' }, { type: 'cancelTimer', name: 'regather' });
  turn.enter({ name: 'between' });
}

/** The hash of round 0 is what most of the ready members made of the seed; among equals the eldest member's. */
function agreeOnStart(turn: CoordinatorTurn, { due }: { due: boolean }): void {
  const ready = presentMembers(turn.state).filter(
    ({ status, held }) => status === 'ready' && held?.round === turn.state.committed,
  );
  const { startMembers, minMembers } = turn.state.config;
  if (ready.length < (due ? minMembers : startMembers)) return;
  const point = majority(
    ready.map((member) => ({ member, value: member.held! })),
    (value) => value.stateHash,
  );
  turn.set({ stateHashes: [...turn.state.stateHashes, point] });
  for (const { peerId, held } of ready)
    if (held!.stateHash !== point.stateHash) flagWrongState(turn, peerId, point.round);
}

/** `gather`: enough is enough. With the minimum it goes on, with fewer the run fails. */
export function gatherTimedOut(turn: CoordinatorTurn): void {
  const { phase, config } = turn.state;
  if (phase.name !== 'gathering') return;
  turn.enter({ ...phase, due: true });
  progressGathering(turn);
  const { phase: now } = turn.state;
  if (now.name !== 'gathering') return;
  const count = eligibleMembers(turn.state).length;
  beginClosing(
    turn,
    'failed',
    'TOO_FEW_MEMBERS',
    `${count} of the ${config.minMembers} members needed are ready after waiting ${config.gatherTimeout} ms`,
  );
}

/** Whoever says that it holds the state is ready at once if it does; a whole wait without that is enough. */
const MAX_BLOCKED = 2;

/**
 * `regather`: go on with the minimum from now on, or roll back when nobody holds the state. One that says it does, and never
 * is ready, holds that up no longer than until the next time.
 */
export function regatherTimedOut(turn: CoordinatorTurn): void {
  const { phase, config } = turn.state;
  if (phase.name !== 'gathering') return;
  turn.do({ type: 'setTimer', name: 'regather', delay: regatherTimeout(config) });
  const isBlocked = canRollBack(turn.state) && eligibleMembers(turn.state).length === 0 && !stranded(turn.state);
  const blocked = isBlocked ? phase.blocked + 1 : 0;
  if (!phase.due || blocked !== phase.blocked) turn.enter({ ...phase, due: true, blocked });
  if (blocked < MAX_BLOCKED) return;
  turn.enter({ ...phase, due: true, blocked: 0 });
  rollBack(turn, 'nobody who is here has come to the state');
}
