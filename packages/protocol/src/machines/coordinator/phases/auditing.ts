/** Between rounds while an open audit would fall out of the window: it must end first. */
import { oldestAuditAllows } from '../audits/window.ts';
import { eligibleMembers } from '../select.ts';
import type { CoordinatorTurn } from '../turn.ts';

export function progressAuditing(turn: CoordinatorTurn): void {
  const { state } = turn;
  if (state.phase.name !== 'auditing') return;
  if (oldestAuditAllows(state) || state.draining !== null || eligibleMembers(state).length < state.config.minMembers)
    turn.enter({ name: 'between' });
}
