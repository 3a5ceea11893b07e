/** What a member knows. Plain data; the tensors that it names are the shell's. */
import type { Bucket, Hash, MicroBatch, PeerId, Round, RunId, View } from '../../core/ids.ts';
import type { Milliseconds } from '../../core/units.ts';
import type { Contributor, CoordinatorMessageOf, MemberInfo, Sync } from '../../wire/control.ts';
import type { MemberConfig } from './config.ts';
import type { SignedCommitment } from './events.ts';

/** `offline` → `greeting` → `preparing` → `syncing` → `following`; `over` at the end. */
export type MemberPhase = 'offline' | 'greeting' | 'preparing' | 'syncing' | 'following' | 'over';

/** One contributor's commitment and which of its buckets are here. */
export interface Received {
  readonly commitment: SignedCommitment;
  readonly buckets: readonly Bucket[];
}

/** A member's part in the present view of a round: the collective. */
export interface CollectiveState {
  readonly round: Round;
  readonly view: View;
  readonly assignment: View;
  readonly contributors: readonly Contributor[];
  readonly members: readonly MemberInfo[];
  /** `owners[bucket]`, index into `members`. */
  readonly owners: readonly number[];
  /** Own work, null for a member that only receives. */
  readonly microBatches: readonly MicroBatch[] | null;
  /** Own commitment once computed. */
  readonly own: SignedCommitment | null;
  /** Contributions under this assignment, own one included, kept over views. */
  readonly received: Readonly<Record<PeerId, Received>>;
  /** Buckets whose reduction was asked of the shell in this view. */
  readonly reducing: readonly Bucket[];
  /** Reduced buckets of this view that are here, by bucket; null while missing. */
  readonly reduced: readonly (Hash | null)[];
  /** Own buckets were reported to the coordinator in this view. */
  readonly reported: boolean;
  readonly gathered: boolean;
}

export type SealMessage = CoordinatorMessageOf<'seal'>;

/** A sealed round on its way into the state. */
export interface SealProgress {
  readonly seal: SealMessage;
  readonly step: 'waiting' | 'fetching' | 'applying';
}

export interface HeldState {
  readonly round: Round;
  readonly stateHash: Hash;
}

export interface MemberState {
  readonly config: MemberConfig;
  readonly phase: MemberPhase;
  readonly run: { readonly runId: RunId; readonly heartbeat: Milliseconds } | null;
  readonly prepared: { readonly buckets: number; readonly samplesPerSecond: number } | null;
  readonly held: HeldState | null;
  /** The state to be fetched or made; null when none is wanted. `sync` null: make round 0 from the seed. */
  readonly wanted: { readonly sync: Sync | null; readonly fetching: boolean } | null;
  readonly collective: CollectiveState | null;
  /** Contributions and reduced buckets that came before the message that they belong to. Bounded. */
  readonly early: {
    readonly contributions: readonly (SignedCommitment & { readonly from: PeerId; readonly bucket: Bucket })[];
    readonly reduced: readonly { readonly from: PeerId; readonly round: Round; readonly view: View; readonly bucket: Bucket; readonly hash: Hash }[];
  };
  /** Sealed rounds not applied yet, ascending. */
  readonly seals: readonly SealProgress[];
  /** Rounds whose parameters are kept for an audit under way. */
  readonly auditing: readonly { readonly audit: number; readonly round: Round }[];
  /** Rounds of the state snapshots kept, oldest first. */
  readonly snapshots: readonly Round[];
  /** What the coordinator last said that this worker earned; an attestation that gives less is refused. */
  readonly earnedWei: string;
  readonly reconnects: number;
}
