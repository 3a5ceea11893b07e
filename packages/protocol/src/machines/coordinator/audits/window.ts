/** Rounds do not run away from audits: members keep what an audit needs for a few rounds only. */
import type { CoordinatorState } from '../state.ts';

/** Whether the next round may begin without an open audit falling out of the window. */
export const oldestAuditAllows = ({ audits, committed, config }: CoordinatorState): boolean =>
  audits.open.every(({ round }) => committed - round < Math.max(2, config.audit.window));
