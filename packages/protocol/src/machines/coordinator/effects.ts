/** All that a coordinator machine can ask of its shell. Plain data; the shell performs them in order. */
import type { Address, Hash, Hex, PeerId, Round } from '../../core/ids.ts';
import type { Milliseconds } from '../../core/units.ts';
import type { RunFact } from '../../journal/facts.ts';
import type { CoordinatorMessage, MemberInfo } from '../../wire/control.ts';
import type { Decision } from '../decision.ts';
import type { CoordinatorState } from './state.ts';

/**
 * Setting a name again replaces it. A timer that fires comes back as a `timer` event with this name; the shell sees to
 * it that one which was replaced or cancelled never does.
 */
export type TimerName =
  | 'gather'
  | 'regather'
  | 'round'
  | 'apply'
  | 'evaluate'
  | 'audits'
  | 'attest'
  | 'drain'
  | `silence/${PeerId}`
  | `audit/${number}/${PeerId}`;

/** What one worker has earned since the run began. */
export interface PayLeaf {
  readonly peerId: PeerId;
  readonly address: Address;
  /** Verified micro-batches, cumulative. */
  readonly verified: number;
  readonly cumulativeWei: string;
}

/** An auditor's signature under an epoch's root. */
export interface Attestation {
  readonly peerId: PeerId;
  readonly address: Address;
  readonly signature: Hex;
}

export type RunOutcome = 'finished' | 'failed' | 'drained';

interface EffectTable {
  /** One message to each of `to`. A peer that is gone meanwhile is skipped: its `disconnected` comes by itself. */
  send: { readonly to: readonly PeerId[]; readonly message: CoordinatorMessage };
  /** Closes the connection after what was sent before. */
  disconnect: { readonly peerId: PeerId; readonly reason: string };
  setTimer: { readonly name: TimerName; readonly delay: Milliseconds };
  cancelTimer: { readonly name: TimerName };
  /** Goes into the journal entry of the event that caused it; projections fold these. */
  journal: { readonly fact: RunFact };
  /** Publish before round 0: the start of the audits' hash chain, which has `length` links. */
  anchor: { readonly anchor: Hash; readonly length: number };
  /** Fetch the state at `round` from the sources over FETCH_PROTOCOL, check it against the hash, store it, answer `checkpointed`. */
  checkpoint: {
    readonly round: Round;
    readonly stateHash: Hash;
    readonly sources: readonly MemberInfo[];
    readonly final: boolean;
  };
  /** Build the settlement tree over these leaves and answer `epochRooted`. */
  closeEpoch: { readonly epoch: number; readonly leaves: readonly PayLeaf[]; readonly totalWei: string };
  /** Put the epoch on chain, claim for the workers and answer `settled` or `settleFailed`. */
  settle: {
    readonly epoch: number;
    readonly root: Hash;
    readonly leaves: readonly PayLeaf[];
    readonly totalWei: string;
    readonly attestations: readonly Attestation[];
  };
  /** The run is over; nothing follows. */
  finish: { readonly outcome: RunOutcome; readonly code: string; readonly reason: string };
}

export type CoordinatorEffectType = keyof EffectTable;
export type CoordinatorEffectOf<T extends CoordinatorEffectType> = { readonly type: T } & EffectTable[T];
export type CoordinatorEffect = { [T in CoordinatorEffectType]: CoordinatorEffectOf<T> }[CoordinatorEffectType];
export type CoordinatorDecision = Decision<CoordinatorState, CoordinatorEffect>;
