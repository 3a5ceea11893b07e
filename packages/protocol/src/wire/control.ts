/**
 * The control messages: all that a coordinator and a worker say to each other. One room for the whole wire, so that it
 * can be read at one sitting. A round goes
 *
 *   assign → (compute) → commit → (push buckets) → reduced → (push reduced) → gathered → seal → applied
 *
 * and a `view` message may come anywhere between `assign` and `seal`, when a member is lost.
 */
import { z } from 'zod';
import {
  addressSchema,
  bucketSchema,
  count,
  finite,
  hashSchema,
  hexSchema,
  longText,
  microBatchSchema,
  multiaddrs,
  peerIdSchema,
  roundSchema,
  runIdSchema,
  shortText,
  viewSchema,
  weiTextSchema,
} from './fields.ts';

/** What executes a graph on a worker. */
export const backendNames = ['webgpu', 'onnx', 'exact'] as const;
/** `software` is a GPU interface on a CPU (lavapipe, SwiftShader, WARP). */
export const adapterSchema = z.strictObject({
  name: shortText,
  kind: z.enum(['gpu', 'software', 'cpu']),
  /** `exact` adapters are audited by equality, `tolerance` ones by relative L2. */
  class: z.enum(['exact', 'tolerance']),
});

/** A member as others need to know it: who, and where to dial (empty when it can't be dialled: it then owns no bucket). */
export const memberInfoSchema = z.strictObject({ peerId: peerIdSchema, addresses: multiaddrs });

/** One contributor of a view with the micro-batches that it trains; contributors stand in reduction order. */
export const contributorSchema = z.strictObject({
  peerId: peerIdSchema,
  /** The view in which this work was handed out to it: later than the round's first where it took over a lost member's. */
  assignment: viewSchema,
  microBatches: z.array(microBatchSchema).max(65_536),
});

/** A contributor's commitment as an owner passes it on. */
export const shownCommitmentSchema = z.strictObject({ root: hashSchema, samples: count, signature: hexSchema });

/** Who takes part in a view of a round, and who reduces which bucket (`members[owners[bucket]]`). */
const viewFields = {
  round: roundSchema,
  /** Grows through the whole run (never restarts with a round), so that it alone tells a stale message. */
  view: viewSchema,
  /** The view in which this round's work was first handed out: equals `view` in an `assign`. It tells the attempts at a round apart. */
  assignment: viewSchema,
  contributors: z.array(contributorSchema).min(1).max(4096),
  /** Indices into `members`. */
  owners: z.array(count).min(1).max(65_536),
  /** Everyone who should receive the reduced buckets: contributors and members without work this round. */
  members: z.array(memberInfoSchema).min(1).max(4096),
};

/**
 * Where a joiner finds the state at `round`: chunk `i` hashes to leaf `i` of the Merkle tree with root `stateHash`.
 * No sources: the worker said in `hello` that it holds this state.
 */
export const syncSchema = z.strictObject({
  round: roundSchema,
  stateHash: hashSchema,
  sources: z.array(memberInfoSchema).max(64),
});

/** A `null` sync means: the state at round 0 follows from the job's seed; make it yourself. Given weights come as a sync. */
const startFields = { sync: syncSchema.nullable() };

/**
 * The coordinator's first words on a control stream, before `hello`: all that a worker needs to say who it is. The
 * shells exchange it; the machines begin at `hello`.
 */
export const termsSchema = z.strictObject({
  type: z.literal('terms'),
  protocolVersion: z.string().max(32),
  runId: runIdSchema,
  /** The job as in `welcome`, so that a worker can choose its backend by measuring it. */
  job: z.unknown(),
  /** Where the worker will be registered, which `hello.possession` is signed for; null when nobody is paid. */
  registration: z.strictObject({ chainId: count, registry: addressSchema }).nullable(),
});

export const workerMessages = {
  /**
   * First from the worker. `possession` is the EIP-712 signature that lets the coordinator register the worker where the
   * terms say; `0x` when they name no registry.
   */
  hello: z.strictObject({
    type: z.literal('hello'),
    protocolVersion: z.string().max(32),
    agent: shortText,
    address: addressSchema,
    payout: addressSchema,
    possession: hexSchema,
    /** Lets a volunteer in where the coordinator asks for one. The shells exchange it: the machines and the journal see null. */
    token: shortText.nullable(),
    backend: z.enum(backendNames),
    adapter: adapterSchema,
    addresses: multiaddrs,
    /**
     * What a worker that comes back still holds, so that it need not download it again. `view`: the seal that led there,
     * null when it was fetched or made.
     */
    holds: z
      .strictObject({ runId: runIdSchema, round: roundSchema, stateHash: hashSchema, view: viewSchema.nullable() })
      .nullable(),
  }),
  /** The worker has the state at `round`, has compiled the graph and has timed one micro-batch. */
  ready: z.strictObject({
    type: z.literal('ready'),
    round: roundSchema,
    stateHash: hashSchema,
    samplesPerSecond: finite.nonnegative(),
  }),
  /** Every `failureTimeout / 4`. */
  heartbeat: z.strictObject({ type: z.literal('heartbeat'), round: roundSchema, phase: shortText }),
  /** Made before anything is revealed about audits; `signature` is over {@link commitmentDigest}. */
  commit: z.strictObject({
    type: z.literal('commit'),
    round: roundSchema,
    assignment: viewSchema,
    root: hashSchema,
    microBatches: z.array(microBatchSchema).max(65_536),
    samples: count,
    lossSum: finite,
    computeMs: finite.nonnegative(),
    signature: hexSchema,
  }),
  /**
   * An owner's answer for the buckets it owns; `commitments[i]` is what contributor i signed, as the owner saw it. With the
   * contributor's micro-batches and the assignment they are {@link CommitmentTerms}, so that the signature speaks for itself.
   */
  reduced: z.strictObject({
    type: z.literal('reduced'),
    round: roundSchema,
    view: viewSchema,
    buckets: z.array(z.strictObject({ bucket: bucketSchema, hash: hashSchema })).max(65_536),
    commitments: z.array(shownCommitmentSchema).max(4096),
  }),
  /** The member holds every reduced bucket of the view; `digest` is the Merkle root over their hashes. */
  gathered: z.strictObject({ type: z.literal('gathered'), round: roundSchema, view: viewSchema, digest: hashSchema }),
  /** The member applied round `round` as sealed in `view` and stands at the state `stateHash`, of round `round + 1`. */
  applied: z.strictObject({
    type: z.literal('applied'),
    round: roundSchema,
    view: viewSchema,
    stateHash: hashSchema,
    gradientNorm: finite,
  }),
  /** The state that `welcome` or `resync` named (or a sealed bucket since) could not be had from any source. */
  unsynced: z.strictObject({ type: z.literal('unsynced'), round: roundSchema, reason: longText }),
  evaluated: z.strictObject({
    type: z.literal('evaluated'),
    evaluation: count,
    part: count,
    lossSum: finite,
    correct: count,
    predictions: count,
  }),
  verdict: z.strictObject({
    type: z.literal('verdict'),
    audit: count,
    /** The coordinator judges `relativeError`; `withheld`: the target served nothing; `expired`: the auditor no longer holds that round. */
    outcome: z.enum(['compared', 'withheld', 'expired']),
    /** ‖theirs − mine‖₂ / ‖mine‖₂ over the contribution's gradient; null when nothing could be compared. */
    relativeError: finite.nonnegative().nullable(),
    reason: longText,
  }),
  /** An auditor's EIP-712 signature under an epoch's Merkle root, or why it refuses. */
  attestation: z.strictObject({
    type: z.literal('attestation'),
    epoch: count,
    root: hashSchema,
    signature: hexSchema.nullable(),
    reason: longText,
  }),
  /** A protocol fault of another member that this one saw and can name. */
  fault: z.strictObject({
    type: z.literal('fault'),
    round: roundSchema,
    peerId: peerIdSchema,
    code: shortText,
    reason: longText,
  }),
  /** The worker leaves in good order; it finishes nothing more. */
  leave: z.strictObject({ type: z.literal('leave'), reason: longText }),
} as const;

export const coordinatorMessages = {
  welcome: z.strictObject({
    type: z.literal('welcome'),
    runId: runIdSchema,
    /** The job as `ResolvedJob` (job/resolved.ts); checked there, since a worker treats it as hostile. */
    job: z.unknown(),
    heartbeatMs: count,
    ...startFields,
  }),
  refuse: z.strictObject({ type: z.literal('refuse'), code: shortText, reason: longText }),
  /** Work for a round, view 0. `deadlineMs` counts from receipt. */
  assign: z.strictObject({ type: z.literal('assign'), ...viewFields, deadlineMs: count }),
  /** The next view of a round that is under way; contributions already made are kept. */
  view: z.strictObject({ type: z.literal('view'), ...viewFields, reason: longText }),
  /** Apply these reduced buckets: `hashes[bucket]`, whose Merkle root is `digest`. */
  seal: z.strictObject({
    type: z.literal('seal'),
    round: roundSchema,
    view: viewSchema,
    digest: hashSchema,
    hashes: z.array(hashSchema).min(1).max(65_536),
    samples: count,
    /** Where a joiner that missed the push can fetch them. */
    holders: z.array(memberInfoSchema).max(64),
    /** Members keep a copy of the state after this round until the next seal that says so. */
    snapshot: z.boolean(),
  }),
  /** Re-execute `microBatches` from the state at `round` and compare with the contribution committed as `root`. */
  audit: z.strictObject({
    type: z.literal('audit'),
    audit: count,
    round: roundSchema,
    assignment: viewSchema,
    target: memberInfoSchema,
    microBatches: z.array(microBatchSchema).max(65_536),
    root: hashSchema,
    samples: count,
  }),
  /** Evaluate the held-out samples [start, end) on the current state. */
  evaluate: z.strictObject({
    type: z.literal('evaluate'),
    evaluation: count,
    round: roundSchema,
    part: count,
    start: count,
    end: count,
  }),
  attest: z.strictObject({
    type: z.literal('attest'),
    epoch: count,
    root: hashSchema,
    chainId: count,
    settlement: addressSchema,
    jobId: hashSchema,
    totalWei: weiTextSchema,
    leaves: z.array(z.strictObject({ address: addressSchema, cumulativeWei: weiTextSchema })).max(4096),
  }),
  /** The member's state is wrong or too old: take this one. */
  resync: z.strictObject({ type: z.literal('resync'), reason: longText, ...startFields }),
  /** Others waited by this member's fault. It takes no part in rounds before `until`; null: it sits nothing out. */
  blamed: z.strictObject({ type: z.literal('blamed'), reason: longText, until: roundSchema.nullable() }),
  /** What the member has earned so far. */
  pay: z.strictObject({
    type: z.literal('pay'),
    epoch: count,
    verified: count,
    cumulativeWei: weiTextSchema,
    paidWei: weiTextSchema,
    reason: longText,
  }),
  /** The run is over for this member; it may exit. */
  stop: z.strictObject({
    type: z.literal('stop'),
    outcome: z.enum(['finished', 'interrupted', 'failed', 'expelled']),
    reason: longText,
  }),
} as const;

const members = <T extends Record<string, z.core.$ZodTypeDiscriminable>>(table: T): [T[keyof T], ...T[keyof T][]] =>
  Object.values(table) as [T[keyof T], ...T[keyof T][]];

export const workerMessageSchema = z.discriminatedUnion('type', members(workerMessages));
export const coordinatorMessageSchema = z.discriminatedUnion('type', members(coordinatorMessages));

export type Terms = z.infer<typeof termsSchema>;
/** What a worker says to its coordinator. */
export type WorkerMessage = z.infer<typeof workerMessageSchema>;
/** What a coordinator says to a worker. */
export type CoordinatorMessage = z.infer<typeof coordinatorMessageSchema>;
export type Adapter = z.infer<typeof adapterSchema>;
export type BackendName = (typeof backendNames)[number];
export type MemberInfo = z.infer<typeof memberInfoSchema>;
export type Contributor = z.infer<typeof contributorSchema>;
export type Sync = z.infer<typeof syncSchema>;
/** One message of the worker, by its `type`. */
export type WorkerMessageOf<T extends WorkerMessage['type']> = Extract<WorkerMessage, { type: T }>;
/** One message of the coordinator, by its `type`. */
export type CoordinatorMessageOf<T extends CoordinatorMessage['type']> = Extract<CoordinatorMessage, { type: T }>;
