/** What a member knows. Plain data; the tensors that it names are the shell's. */
import type { Bucket, Hash, PeerId, Round, RunId, View } from '../../core/ids.ts';
import type { Milliseconds } from '../../core/units.ts';
import type { Contributor, CoordinatorMessageOf, MemberInfo, Sync } from '../../wire/control.ts';
import type { MemberConfig } from './config.ts';
import type { MemberEventOf, SignedCommitment } from './events.ts';

/** `offline` → `greeting` → `preparing` → `syncing` → `following`; `over` at the end. */
export type MemberPhase = 'offline' | 'greeting' | 'preparing' | 'syncing' | 'following' | 'over';

/** A member's part in the present view of a round: the collective. */
export interface CollectiveState {
  readonly round: Round;
  readonly view: View;
  /** The view in which the round's work was first handed out. */
  readonly assignment: View;
  /** In reduction order, each with the view in which its work was handed out. */
  readonly contributors: readonly Contributor[];
  readonly members: readonly MemberInfo[];
  /** By bucket. */
  readonly owners: readonly PeerId[];
  /** Own commitment once the present work is computed; a member without work has none. */
  readonly own: SignedCommitment | null;
  /** Commitments of the others as their frames showed them, kept over views. */
  readonly commitments: Readonly<Record<PeerId, SignedCommitment>>;
  /** By bucket: whose contribution is here. Kept over views. */
  readonly arrived: readonly (readonly PeerId[])[];
  /** By bucket: asked of the shell in this view. */
  readonly reducing: readonly boolean[];
  /** By bucket: the reduced bucket of this view that is here, null while missing. */
  readonly reduced: readonly (Hash | null)[];
  /** Own buckets were reported to the coordinator in this view. */
  readonly reported: boolean;
  readonly gathered: boolean;
}

export type SealMessage = CoordinatorMessageOf<'seal'>;

/** A sealed round on its way into the state. */
export interface SealProgress {
  readonly seal: SealMessage;
  /** `fetched`: its turn has not come yet. */
  readonly step: 'waiting' | 'fetching' | 'fetched' | 'applying';
}

export interface HeldState {
  readonly round: Round;
  readonly stateHash: Hash;
}

type Early<T extends 'contributionReceived' | 'reducedReceived'> = MemberEventOf<T>;

export interface MemberState {
  readonly config: MemberConfig;
  readonly phase: MemberPhase;
  readonly run: { readonly runId: RunId; readonly heartbeat: Milliseconds } | null;
  readonly prepared: { readonly buckets: number; readonly samplesPerSecond: number } | null;
  readonly held: HeldState | null;
  /** The state to come to; null when it is held. `sync` null: make round 0 from the seed. */
  readonly wanted: { readonly sync: Sync | null; readonly fetching: boolean } | null;
  readonly collective: CollectiveState | null;
  /** Tensors that came before the message that they belong to. Bounded. */
  readonly early: {
    readonly contributions: readonly Early<'contributionReceived'>[];
    readonly reduced: readonly Early<'reducedReceived'>[];
  };
  /** Members of the last view: room that strangers take up is theirs. */
  readonly known: readonly PeerId[];
  /** Sealed rounds not applied yet, ascending. */
  readonly seals: readonly SealProgress[];
  /** The last `applied` message, said again when a seal comes again. */
  readonly lastApplied: { readonly round: Round; readonly view: View; readonly gradientNorm: number } | null;
  /** Rounds whose parameters are kept for audits. */
  readonly parameters: readonly Round[];
  readonly auditing: readonly { readonly audit: number; readonly round: Round }[];
  /** Rounds of the state snapshots kept, oldest first. */
  readonly snapshots: readonly Round[];
  /** What the coordinator last said that this worker earned; an attestation that gives less is refused. */
  readonly earnedWei: string;
  /** Since the last applied round. */
  readonly reduceFailures: number;
  readonly reconnects: number;
}

/** What a peer has to train in a view; undefined where it has nothing to. */
export const workOf = (contributors: readonly Contributor[], peerId: PeerId): Contributor | undefined =>
  contributors.find((contributor) => contributor.peerId === peerId);

/** The buckets that a peer owns. */
export const ownedBy = (owners: readonly PeerId[], peerId: PeerId): Bucket[] =>
  owners.flatMap((owner, bucket) => (owner === peerId ? [bucket as Bucket] : []));
