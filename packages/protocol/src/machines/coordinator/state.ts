/** What a coordinator knows. Plain data, changed only by `transition`; nothing of it is lost when the journal is folded. */
import type { Address, Hash, MicroBatch, PeerId, Round, View } from '../../core/ids.ts';
import type { Timestamp } from '../../core/units.ts';
import type { VerdictRecord } from '../../journal/facts.ts';
import type { Adapter, BackendName, Contributor } from '../../wire/control.ts';
import type { CoordinatorConfig } from './config.ts';
import type { Attestation, PayLeaf, RunOutcome } from './effects.ts';
import type { StatePoint } from './events.ts';

/**
 * `waiting`: admitted, no source of the state yet; `syncing`: told where to fetch it; `ready`: has it and follows the
 * seals; `active`: in the present view. The last three are gone.
 */
export type MemberStatus = 'waiting' | 'syncing' | 'ready' | 'active' | 'lost' | 'left' | 'expelled';

/** What the run remembers of the times that others waited by a member's fault (`standing.ts`). */
export interface Standing {
  readonly strikes: number;
  /** The first round that it may take part in again; in the past for most. */
  readonly suspendedUntil: Round;
  /** Rounds in a row without blame since the last strike came or wore off. */
  readonly blameless: number;
}

export interface MemberRecord {
  readonly peerId: PeerId;
  readonly status: MemberStatus;
  /** It was told the run and where to get the state: from then on it sends heartbeats and hears seals. */
  readonly welcomed: boolean;
  /** Counts the times that this peer came; an audit of an earlier presence can't be asked of a later one. */
  readonly session: number;
  /** Order of first arrival. */
  readonly seniority: number;
  readonly address: Address;
  readonly payout: Address;
  readonly agent: string;
  readonly backend: BackendName;
  readonly adapter: Adapter;
  /** Empty: can't be dialled, owns no bucket. */
  readonly addresses: readonly string[];
  /** The state that it last said to hold. */
  readonly held: StatePoint | null;
  /** Smoothed over rounds. */
  readonly samplesPerSecond: number;
  /** Wrong state hashes so far. */
  readonly wrongStates: number;
  readonly auditsPassed: number;
  /** Verdicts of this member that others contradicted. */
  readonly contradicted: number;
  /** Outlives its presence. */
  readonly standing: Standing;
  /** Times in a row that it came to no state, and the number of committed rounds from which on it is served again while rounds go on. */
  readonly failedSyncs: number;
  readonly servedFrom: Round;
}

/** Which micro-batches have been handed out: all below `next` except the `returned` ones (ascending). */
export interface Ledger {
  readonly next: MicroBatch;
  readonly returned: readonly MicroBatch[];
}

/** The part of a signed commitment that the assignment doesn't say already. */
export interface ShownCommitment {
  readonly root: Hash;
  readonly samples: number;
}

export interface Commitment extends ShownCommitment {
  /** `MemberRecord.session` of the contributor when it committed: a later presence need not have the contribution. */
  readonly session: number;
  readonly lossSum: number;
  readonly computeMs: number;
}

/** A fault that a member reported of another in this view. */
export interface Accusation {
  readonly by: PeerId;
  readonly about: PeerId;
  readonly code: string;
}

export interface Seal {
  readonly digest: Hash;
  readonly hashes: readonly Hash[];
  readonly samples: number;
  readonly holders: readonly PeerId[];
  readonly snapshot: boolean;
}

/** What a round before its seal waits for: commitments, then reduced buckets, then everybody's digest of them. */
export type RoundStage = 'computing' | 'reducing' | 'gathering';

/** A round under way. */
export interface RoundState {
  readonly round: Round;
  readonly stage: RoundStage;
  readonly view: View;
  /** The view in which the round's work was first handed out. */
  readonly assignment: View;
  /** In reduction order, each with the view in which its work was handed out. */
  readonly contributors: readonly Contributor[];
  readonly owners: readonly PeerId[];
  /** Everyone who receives the reduced buckets and must gather and apply. */
  readonly members: readonly PeerId[];
  readonly commitments: Readonly<Record<PeerId, Commitment>>;
  /** Reduced buckets' hashes in this view, null while missing. */
  readonly reduced: readonly (Hash | null)[];
  /** Commitments that an owner passed on before their maker's own message came. Kept over views. */
  readonly shown: Readonly<Record<PeerId, ShownCommitment>>;
  readonly gathered: Readonly<Record<PeerId, Hash>>;
  readonly seal: Seal | null;
  /** What members say they stand at after the sealed round. */
  readonly applied: Readonly<Record<PeerId, { readonly stateHash: Hash; readonly gradientNorm: number }>>;
  readonly accusations: readonly Accusation[];
  /** Their complaints count no more in this round: one of each was believed though nobody else shared it. */
  readonly unheard: readonly PeerId[];
  /** They owned all buckets of a view in which most gathered something else than was told. Kept over views. */
  readonly disputed: readonly PeerId[];
  readonly startedAt: Timestamp;
  /**
   * Since when those who are not done with the stage hold up the others: half have committed, or, where members only
   * transfer or apply, since the stage began. Null before that.
   */
  readonly waitingSince: Timestamp | null;
}

/** Whom a sealed round still waits for: members and joiners, members only, or nobody any more. */
export type Patience = 'all' | 'members' | 'none';

export type SealedRoundState = RoundState & { readonly seal: Seal };

export interface EvaluationPart {
  readonly start: number;
  readonly end: number;
  readonly assignee: PeerId | null;
  readonly sums: { readonly lossSum: number; readonly correct: number; readonly predictions: number } | null;
  /** How often each of those that it was given to was gone before it answered. */
  readonly dropped: Readonly<Record<PeerId, number>>;
}

export interface EvaluationState {
  readonly evaluation: number;
  readonly round: Round;
  readonly final: boolean;
  readonly parts: readonly EvaluationPart[];
}

/** Why the run ends, and what it has still to wait for: open audits, the last checkpoint, the last epoch. */
export interface ClosingState {
  readonly outcome: RunOutcome;
  readonly code: string;
  readonly reason: string;
  /** Open audits are not waited for any longer. */
  readonly auditsDue: boolean;
  /** Attempts at the last checkpoint that failed. */
  readonly checkpointFailures: number;
  /** Attempts to put the last epoch on chain that failed. */
  readonly settlementFailures: number;
}

export type Phase =
  /** What comes next is decided within the same transition: no shell ever sees it. */
  | { readonly name: 'between' }
  /**
   * Waiting for members. `regathering`: rounds have run before and the members were lost, or the coordinator restarted.
   * `due`: waited long enough to start with fewer, or to roll back when nobody holds the state. `blocked`: times in a row that
   * a wait was over and nobody was ready, though somebody was about to be.
   */
  | { readonly name: 'gathering'; readonly regathering: boolean; readonly due: boolean; readonly blocked: number }
  | { readonly name: 'training'; readonly round: RoundState }
  /** As `training` after the seal: members apply. */
  | { readonly name: 'applying'; readonly round: SealedRoundState; readonly patience: Patience }
  /** Between rounds: an open audit would fall out of the window, so the next round waits. */
  | { readonly name: 'auditing' }
  | { readonly name: 'evaluating'; readonly evaluation: EvaluationState }
  | ({ readonly name: 'closing' } & ClosingState)
  | { readonly name: 'over'; readonly outcome: RunOutcome; readonly code: string; readonly reason: string };
export type PhaseName = Phase['name'];

export interface Audit {
  readonly audit: number;
  readonly round: Round;
  readonly assignment: View;
  readonly target: PeerId;
  /** `MemberRecord.session` of the target when it contributed. */
  readonly session: number;
  readonly microBatches: readonly MicroBatch[];
  readonly root: Hash;
  readonly samples: number;
  readonly rate: number;
  /** Asked and not yet answered. */
  readonly asked: readonly PeerId[];
  /** Who may still be asked, in drawn order: members that stood at the round's state. */
  readonly candidates: readonly PeerId[];
  readonly verdicts: readonly VerdictRecord[];
  /** `running`: waits whether a target that served nothing turns out to be dead. */
  readonly grace: 'none' | 'running' | 'over';
}

/** The open audits, and the hash chain that the draws come from. */
export interface AuditBook {
  readonly nextAudit: number;
  readonly open: readonly Audit[];
  /** Every `stride`-th link of the chain, so that any link is at most `stride` hashes away. */
  readonly links: readonly Hash[];
  readonly stride: number;
  readonly length: number;
}

/** Micro-batches of one committed round that are not in an epoch yet. */
export interface UnsettledRound {
  readonly round: Round;
  readonly microBatches: number;
  /** Waiting for this audit. */
  readonly audit: number | null;
  /** An audit of it passed. */
  readonly proven: boolean;
}

/** One worker's account. It outlives the member's presence. */
export interface Account {
  readonly peerId: PeerId;
  readonly address: Address;
  /** Micro-batches in sealed and committed rounds, whatever became of them. */
  readonly trained: number;
  /** Micro-batches in closed epochs. */
  readonly verified: number;
  readonly forfeited: number;
  readonly unsettled: readonly UnsettledRound[];
  /**
   * An audit of it could not be made because it was gone. Until one passes, every contribution is audited and unproven
   * work is not paid: fleeing from auditors gains nothing.
   */
  readonly probation: boolean;
  readonly paidWei: string;
}

/** An epoch on its way to the chain. */
export interface EpochInFlight {
  readonly epoch: number;
  readonly leaves: readonly PayLeaf[];
  readonly totalWei: string;
  /** Round up to which work is in it. */
  readonly round: Round;
  /** Null until the shell has built the tree. */
  readonly root: Hash | null;
  readonly asked: readonly PeerId[];
  readonly refused: readonly PeerId[];
  readonly attestations: readonly Attestation[];
  /** The `settle` effect has been asked for. */
  readonly submitted: boolean;
}

export interface SettlementState {
  readonly nextEpoch: number;
  /** Rounds below this are in an epoch that was closed. */
  readonly closedRounds: number;
  /** Sum of what the last settled epoch gives. */
  readonly settledWei: string;
  readonly inFlight: EpochInFlight | null;
  /** An epoch that could not be settled. It is tried again before any later one: numbers on chain have no gaps, and members sign one root an epoch. */
  readonly deferred: EpochInFlight | null;
}

/** A stored state, with the ledger as it was then: rolling back restores both. */
export interface CheckpointRecord extends StatePoint {
  readonly ledger: Ledger;
}

export interface Snapshot extends StatePoint {
  readonly holders: readonly PeerId[];
}

export interface CoordinatorState {
  readonly config: CoordinatorConfig;
  readonly phase: Phase;
  readonly members: Readonly<Record<PeerId, MemberRecord>>;
  /** Refused hellos that stand in the journal; beyond a budget that grows with the rounds they leave no trace. */
  readonly refusalsNoted: number;
  readonly ledger: Ledger;
  /** Rounds committed; also the number of the next round. */
  readonly committed: Round;
  /** State hashes by round, newest last; at least the last 16. Round 0's is unknown until members tell it. */
  readonly stateHashes: readonly StatePoint[];
  readonly lastView: View;
  /** The last state that members were asked to keep a copy of. */
  readonly snapshot: Snapshot | null;
  /** Stored ones, oldest first. */
  readonly checkpoints: readonly CheckpointRecord[];
  readonly checkpointing: CheckpointRecord | null;
  readonly evaluations: number;
  /** Evaluated at this many committed rounds last. */
  readonly evaluatedAt: Round | null;
  readonly audits: AuditBook;
  readonly accounts: Readonly<Record<PeerId, Account>>;
  readonly settlement: SettlementState;
  /** Why the run is to end before its rounds are done; null while it is not. */
  readonly draining: string | null;
}
