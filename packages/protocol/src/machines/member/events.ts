/**
 * All that can happen to a member. Tensors are in the shell; events name them. The shell has checked frames before they
 * come here: schema, finite values, a contribution's proof and signature by its sender. Work that fails comes as
 * `failed` with the name of the effect.
 */
import type { Bucket, Hash, Hex, MicroBatch, PeerId, Round, View } from '../../core/ids.ts';
import type { Timestamp } from '../../core/units.ts';
import type { CoordinatorMessage } from '../../wire/control.ts';
import type { MemberTimerName } from './effects.ts';

/** What a contribution frame's signature is over, and that signature. */
export interface SignedCommitment {
  readonly round: Round;
  readonly assignment: View;
  readonly microBatches: readonly MicroBatch[];
  readonly samples: number;
  readonly root: Hash;
  /** Over `commitmentDigest`, by the contributor. */
  readonly signature: Hex;
}

interface MemberEventTable {
  /** A control stream to the coordinator is open. */
  connected: object;
  /** It closed. */
  disconnected: { readonly reason: string };
  message: { readonly message: CoordinatorMessage };
  timer: { readonly name: MemberTimerName };
  /** Answers `prepare`: the job is compiled and one micro-batch was timed. */
  prepared: { readonly buckets: number; readonly samplesPerSecond: number };
  /** Answers `initialise` and `fetchState`: the shell's present state is this one. */
  stateHeld: { readonly round: Round; readonly stateHash: Hash };
  /** Answers `compute`. */
  computed: SignedCommitment & { readonly lossSum: number; readonly computeMs: number };
  /** A bucket of another member's contribution came and was checked against its signed commitment. */
  contributionReceived: SignedCommitment & { readonly from: PeerId; readonly bucket: Bucket };
  /** Answers `reduce`. */
  reduced: { readonly round: Round; readonly view: View; readonly bucket: Bucket; readonly hash: Hash };
  /** A reduced bucket came, pushed by `from`; `hash` is over its bytes. The shell keeps it under (view, bucket, hash). */
  reducedReceived: {
    readonly from: PeerId;
    readonly round: Round;
    readonly view: View;
    readonly bucket: Bucket;
    readonly hash: Hash;
  };
  /** Answers `fetchReduced`: these buckets of the sealed view are here now, with the hashes asked for. */
  reducedFetched: { readonly round: Round; readonly view: View; readonly buckets: readonly Bucket[] };
  /** Answers `apply`. */
  applied: { readonly round: Round; readonly view: View; readonly stateHash: Hash; readonly gradientNorm: number };
  evaluated: {
    readonly evaluation: number;
    readonly part: number;
    readonly lossSum: number;
    readonly correct: number;
    readonly predictions: number;
  };
  /** Answers `audit`. `relativeError` is ‖theirs − mine‖₂ / ‖mine‖₂; null with `withheld` and `expired`. */
  audited: {
    readonly audit: number;
    readonly outcome: 'compared' | 'withheld' | 'expired';
    readonly relativeError: number | null;
    readonly reason: string;
  };
  attested: { readonly epoch: number; readonly root: Hash; readonly signature: Hex | null; readonly reason: string };
  /** An effect could not be performed. */
  failed: {
    readonly effect: 'prepare' | 'initialise' | 'fetchState' | 'compute' | 'reduce' | 'fetchReduced' | 'apply';
    readonly reason: string;
  };
  /** A peer sent a frame that fails its checks. */
  faultSeen: { readonly peerId: PeerId; readonly round: Round; readonly code: string; readonly reason: string };
  /** A person, or the end of stdin, wants this worker to leave. */
  interrupted: { readonly reason: string };
}

export type MemberEventType = keyof MemberEventTable;
export type MemberEventOf<T extends MemberEventType> = {
  readonly type: T;
  readonly at: Timestamp;
} & MemberEventTable[T];
export type MemberEvent = { [T in MemberEventType]: MemberEventOf<T> }[MemberEventType];
