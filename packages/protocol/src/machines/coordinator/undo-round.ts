/** A round that will not be committed: its micro-batches are queued again. */
import { returnMicroBatches } from './ledger.ts';
import type { RoundState } from './state.ts';
import type { CoordinatorTurn } from './turn.ts';

export function undoRound(turn: CoordinatorTurn, { round, contributors }: RoundState, reason: string): void {
  const returned = contributors.flatMap(({ microBatches }) => microBatches);
  turn.set({ ledger: returnMicroBatches(turn.state.ledger, returned) });
  turn.record({ type: 'roundAbandoned', round, reason, returned });
  turn.because(`round ${round} is abandoned: ${reason}`);
}
