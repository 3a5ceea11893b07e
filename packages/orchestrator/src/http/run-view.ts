/** What the server asks of a run. */
import type { RunProjection } from '../dashboard/run-projection.ts';

export type RunView = Pick<
  RunProjection,
  | 'sequence'
  | 'standing'
  | 'snapshot'
  | 'changesSince'
  | 'curve'
  | 'members'
  | 'member'
  | 'work'
  | 'rounds'
  | 'log'
  | 'advance'
  | 'close'
>;
