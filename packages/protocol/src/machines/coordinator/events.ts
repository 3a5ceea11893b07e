/**
 * All that can happen to a coordinator. These are what the journal records: replaying them through `transition` gives
 * the run again. The shell has checked sizes, schemas and signatures (`commit`, `attestation`, `hello.possession`,
 * and those in `reduced` that `claimsOf` names) before it makes a `message` of something; what fails a check becomes `faulted`.
 */
import type { Address, Hash, PeerId, Round } from '../../core/ids.ts';
import type { Milliseconds, Timestamp } from '../../core/units.ts';
import type { WorkerMessage } from '../../wire/control.ts';
import type { CoordinatorConfig } from './config.ts';
import type { TimerName } from './effects.ts';

/** What a worker may still bring. */
export interface StatePoint {
  readonly round: Round;
  readonly stateHash: Hash;
}

interface At {
  readonly at: Timestamp;
}

interface EventTable {
  /** First of all, once a run. `auditSecret` is the end of the hash chain that audits are drawn from. */
  started: { readonly config: CoordinatorConfig; readonly auditSecret: Hash };
  /**
   * First after a restart. Every connection is gone. `checkpoint` is the newest that the shell can serve;
   * `waitForHolders` is how long to wait for workers that still hold a newer state before rolling back to it.
   */
  resumed: {
    readonly checkpoint: StatePoint | null;
    readonly waitForHolders: Milliseconds;
    readonly self: CoordinatorConfig['self'];
  };
  message: { readonly from: PeerId; readonly message: WorkerMessage };
  disconnected: { readonly peerId: PeerId; readonly reason: string };
  /** The peer sent what it must not: garbage, an oversized message, a bad signature. */
  faulted: { readonly peerId: PeerId; readonly code: string; readonly reason: string };
  timer: { readonly name: TimerName };
  /** The state named by a `checkpoint` effect is safely stored, and the shell serves it from now on. */
  checkpointed: StatePoint;
  checkpointFailed: StatePoint & { readonly reason: string };
  /** The settlement tree over the leaves of a `closeEpoch` effect has this root. */
  epochRooted: { readonly epoch: number; readonly root: Hash };
  /** The epoch's root is on chain. `paidWei` is what each worker has been paid so far, as far as the shell has claimed for it. */
  settled: {
    readonly epoch: number;
    readonly transaction: string;
    readonly paidWei: Readonly<Record<Address, string>>;
  };
  settleFailed: { readonly epoch: number; readonly reason: string };
  /** A person wants the run to end in good order; a second one ends it at once. */
  interrupted: { readonly reason: string };
}

export type CoordinatorEventType = keyof EventTable;
export type CoordinatorEventOf<T extends CoordinatorEventType> = { readonly type: T } & At & EventTable[T];
export type CoordinatorEvent = { [T in CoordinatorEventType]: CoordinatorEventOf<T> }[CoordinatorEventType];
