/** What a member machine needs to know of its own worker. The worker's shell fills it in at start. */
import type { PeerId } from '../../core/ids.ts';
import type { Milliseconds } from '../../core/units.ts';
import type { WorkerMessageOf } from '../../wire/control.ts';

export interface MemberConfig {
  readonly peerId: PeerId;
  /** What `hello` says of the worker, apart from what it holds and from the token, which only the shell knows. */
  readonly identity: Omit<WorkerMessageOf<'hello'>, 'type' | 'holds' | 'token'>;
  /** Rounds for which own contributions and parameters are kept for audits. */
  readonly auditWindow: number;
  /** Rounds for which sealed reduced buckets are kept for joiners. */
  readonly sealedWindow: number;
  /** Pause before dialling a lost coordinator again; doubles up to 16 times this. */
  readonly reconnectDelay: Milliseconds;
}
