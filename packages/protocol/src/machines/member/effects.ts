/**
 * All that a member machine can ask of its shell. Plain data; performed in order, though long ones (`prepare`,
 * `compute`, `audit`, `evaluate`, fetches) run beside the rest and answer with their event. The shell does device work
 * one piece at a time. Tensors are named: a contribution by (assignment, member, bucket), a reduced bucket by
 * (view, bucket, hash), parameters and states by round.
 */
import type { Bucket, Hash, MicroBatch, PeerId, Round, RunId, View } from '../../core/ids.ts';
import type { Milliseconds } from '../../core/units.ts';
import type { CoordinatorMessageOf, MemberInfo, Sync, WorkerMessage } from '../../wire/control.ts';
import type { Decision } from '../decision.ts';
import type { MemberState } from './state.ts';

export type MemberTimerName = 'heartbeat' | 'reconnect' | 'stalled';

/** One contributor of a reduction, in order. */
export interface ReductionTerm {
  readonly peerId: PeerId;
  /** The view in which its work was handed out, which names its tensors. */
  readonly assignment: View;
  readonly samples: number;
  readonly root: Hash;
}

/** What the shell may forget; everything older than `before` of that kind. */
export type Release =
  /** Contributions of others (and reduced buckets that were never sealed) made under assignments below `before`. */
  | { readonly kind: 'contributions'; readonly before: View }
  /** Own contributions to rounds below `before`. */
  | { readonly kind: 'ownContributions'; readonly before: Round }
  /** Sealed reduced buckets of rounds below `before`. */
  | { readonly kind: 'sealed'; readonly before: Round }
  /** Parameters at rounds below `before`, except `pinned` (under audit). */
  | { readonly kind: 'parameters'; readonly before: Round; readonly pinned: readonly Round[] }
  /** Snapshots of the whole state at rounds below `before`. */
  | { readonly kind: 'states'; readonly before: Round };

interface MemberEffectTable {
  /** To the coordinator. */
  send: { readonly message: WorkerMessage };
  /** Dial the coordinator; answers `connected` or `disconnected`. */
  connect: object;
  setTimer: { readonly name: MemberTimerName; readonly delay: Milliseconds };
  cancelTimer: { readonly name: MemberTimerName };
  /** Check the job, fetch its data, compile it, time a micro-batch: `prepared`. */
  prepare: { readonly runId: RunId; readonly job: unknown };
  /** Make the state at round 0 from the job's seed: `stateHeld`. */
  initialise: object;
  /** Fetch the state's chunks from several sources, each checked: `stateHeld`. Replaces the present state. */
  fetchState: Sync;
  /**
   * Train the micro-batches on the present state, cut and hash and sign the contribution: `computed`. Replaces a compute
   * under way; what was computed of the same round may be made use of.
   */
  compute: { readonly round: Round; readonly assignment: View; readonly microBatches: readonly MicroBatch[] };
  /** Stop a compute that no longer counts. */
  cancelCompute: { readonly assignment: View };
  /** Push these buckets of the own contribution to their owner. */
  pushContribution: {
    readonly round: Round;
    readonly assignment: View;
    readonly to: MemberInfo;
    readonly buckets: readonly Bucket[];
  };
  /** The mean gradient of all samples of the terms, summed in their order, with the exact kernel: `reduced`. */
  reduce: {
    readonly round: Round;
    readonly view: View;
    readonly bucket: Bucket;
    readonly terms: readonly ReductionTerm[];
  };
  /** Push the reduced bucket to each. */
  pushReduced: {
    readonly round: Round;
    readonly view: View;
    readonly bucket: Bucket;
    readonly hash: Hash;
    readonly to: readonly MemberInfo[];
  };
  /** Fetch sealed reduced buckets by hash from any holder: `reducedFetched`. */
  fetchReduced: {
    readonly round: Round;
    readonly view: View;
    readonly buckets: readonly { readonly bucket: Bucket; readonly hash: Hash }[];
    readonly holders: readonly MemberInfo[];
  };
  /** Keep a copy of the present parameters (for audits) or of the present state (for joiners and checkpoints). */
  retain: { readonly kind: 'parameters' | 'state'; readonly round: Round };
  release: Release;
  /** Forget a tensor that came and isn't wanted: its sender had no business to send it, or it came twice too often. */
  discard:
    | { readonly kind: 'contribution'; readonly assignment: View; readonly from: PeerId; readonly bucket: Bucket }
    | { readonly kind: 'reduced'; readonly view: View; readonly bucket: Bucket; readonly hash: Hash };
  /** Apply the reduced buckets of `view` with the exact optimizer, keep them as sealed: `applied`. */
  apply: { readonly round: Round; readonly view: View; readonly hashes: readonly Hash[]; readonly samples: number };
  /** Evaluate the held-out samples [start, end) on the present state: `evaluated`. */
  evaluate: { readonly evaluation: number; readonly part: number; readonly start: number; readonly end: number };
  /** Re-execute on the parameters kept for `round`, fetch the target's buckets, compare: `audited`. */
  audit: Omit<CoordinatorMessageOf<'audit'>, 'type'>;
  /** Rebuild the settlement tree, compare the root, sign (EIP-712): `attested`. */
  attest: Omit<CoordinatorMessageOf<'attest'>, 'type'>;
  /** Tell a person (progress, pay). */
  notice: { readonly notice: MemberNotice };
  /** End the process (or the tab's run) in good order. */
  exit: {
    readonly outcome: 'finished' | 'interrupted' | 'failed' | 'expelled' | 'refused';
    readonly code: string;
    readonly reason: string;
  };
}

/** What a worker's operator gets to see. */
export type MemberNotice =
  | { readonly kind: 'admitted'; readonly runId: RunId }
  | { readonly kind: 'ready'; readonly round: Round }
  | { readonly kind: 'applied'; readonly round: Round; readonly stateHash: Hash }
  | { readonly kind: 'blamed'; readonly reason: string; readonly until: Round | null }
  | {
      readonly kind: 'pay';
      readonly epoch: number;
      readonly verified: number;
      readonly cumulativeWei: string;
      readonly paidWei: string;
      readonly reason: string;
    };

export type MemberEffectType = keyof MemberEffectTable;
export type MemberEffectOf<T extends MemberEffectType> = { readonly type: T } & MemberEffectTable[T];
export type MemberEffect = { [T in MemberEffectType]: MemberEffectOf<T> }[MemberEffectType];
export type MemberDecision = Decision<MemberState, MemberEffect>;
