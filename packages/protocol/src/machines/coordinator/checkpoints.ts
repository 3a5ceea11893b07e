/** Asking the shell to store the present state, and taking note that it did. */
import type { StatePoint } from './events.ts';
import { eligibleMembers, infoOf, presentPoint, samePoint, thoseToAsk } from './select.ts';
import type { CoordinatorState } from './state.ts';
import type { CoordinatorTurn } from './turn.ts';

const MAX_SOURCES = 8;

/** By the job's interval; the last one is asked for when the run closes. */
export const checkpointDue = ({ config, committed, checkpointing }: CoordinatorState): boolean =>
  config.checkpointEvery > 0 &&
  committed > 0 &&
  committed < config.rounds &&
  committed % config.checkpointEvery === 0 &&
  checkpointing === null;

export const isCheckpointed = (state: CoordinatorState): boolean =>
  state.checkpoints.some((checkpoint) => samePoint(checkpoint, presentPoint(state)));

/** Returns false when nobody can serve the state. */
export function beginCheckpoint(turn: CoordinatorTurn, final = false): boolean {
  const point = presentPoint(turn.state);
  const sources = thoseToAsk(eligibleMembers(turn.state)).slice(0, MAX_SOURCES).map(infoOf);
  if (point === null || sources.length === 0) return false;
  turn.set({ checkpointing: { ...point, ledger: turn.state.ledger } });
  turn.do({ type: 'checkpoint', ...point, sources, final });
  turn.because(`checkpoint of round ${point.round} asked of ${sources.length} members`);
  return true;
}

export function noteCheckpointed(turn: CoordinatorTurn, { round, stateHash }: StatePoint): void {
  const { checkpointing, checkpoints } = turn.state;
  if (checkpointing === null || !samePoint(checkpointing, { round, stateHash })) return;
  turn.set({
    checkpointing: null,
    checkpoints: [...checkpoints.filter((earlier) => earlier.round < round), checkpointing],
  });
  turn.record({ type: 'checkpointed', round, stateHash });
  turn.because(`checkpoint of round ${round} is stored`);
}

export function noteCheckpointFailed(
  turn: CoordinatorTurn,
  { round, reason }: StatePoint & { readonly reason: string },
): void {
  if (turn.state.checkpointing?.round !== round) return;
  turn.set({ checkpointing: null });
  turn.record({ type: 'checkpointFailed', round, reason });
  turn.because(`checkpoint of round ${round} failed: ${reason}`);
  const { phase } = turn.state;
  if (phase.name === 'closing') turn.enter({ ...phase, checkpointFailures: phase.checkpointFailures + 1 });
}
