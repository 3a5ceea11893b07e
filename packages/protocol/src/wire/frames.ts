/**
 * Headers of the frames that carry tensors. A frame is `u32le headerLength | u32le bodyLength | header (msgpack, padded
 * to 16 bytes) | body (raw little-endian bytes)`: the body is never re-encoded and starts 16-byte aligned.
 */
import { z } from 'zod';
import {
  bucketSchema,
  count,
  hashSchema,
  hexSchema,
  microBatchSchema,
  roundSchema,
  runIdSchema,
  shortText,
  viewSchema,
} from './fields.ts';

const proof = z.array(hashSchema).max(32);

/** One bucket of a contribution on its way to the bucket's owner, provable against the signed commitment. */
export const contributionFrame = z.strictObject({
  type: z.literal('contribution'),
  runId: runIdSchema,
  round: roundSchema,
  /** The view in which the work was handed out. */
  assignment: viewSchema,
  /** With `samples` and `root`, what `signature` is over (`commitmentDigest`): the receiver needs nothing else to check it. */
  microBatches: z.array(microBatchSchema).max(65_536),
  bucket: bucketSchema,
  samples: count,
  root: hashSchema,
  signature: hexSchema,
  proof,
});

/** A reduced bucket on its way from its owner to every member. */
export const reducedFrame = z.strictObject({
  type: z.literal('reduced'),
  runId: runIdSchema,
  round: roundSchema,
  view: viewSchema,
  bucket: bucketSchema,
});

export const bucketFrameSchema = z.discriminatedUnion('type', [contributionFrame, reducedFrame]);

/** What a peer may ask for on a fetch stream. */
export const fetchRequestSchema = z.discriminatedUnion('type', [
  /** Chunk `chunk` of the state at `round`: a kept snapshot, or the peer's present state while it stands at `round`. */
  z.strictObject({ type: z.literal('state'), runId: runIdSchema, round: roundSchema, chunk: count }),
  /** A sealed reduced bucket, by its content. */
  z.strictObject({
    type: z.literal('reduced'),
    runId: runIdSchema,
    round: roundSchema,
    bucket: bucketSchema,
    hash: hashSchema,
  }),
  /** One bucket of the peer's own contribution with the commitment `root`, for its auditor. */
  z.strictObject({
    type: z.literal('contribution'),
    runId: runIdSchema,
    round: roundSchema,
    root: hashSchema,
    bucket: bucketSchema,
  }),
]);

/** The answer: `ok` is followed by the body and, for a contribution or a state chunk, the Merkle proof. */
export const fetchResponseSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('ok'), proof: z.array(hashSchema).max(32), total: count }),
  z.strictObject({ type: z.literal('missing'), reason: shortText }),
]);

export type BucketFrame = z.infer<typeof bucketFrameSchema>;
export type ContributionFrame = z.infer<typeof contributionFrame>;
export type ReducedFrame = z.infer<typeof reducedFrame>;
export type FetchRequest = z.infer<typeof fetchRequestSchema>;
export type FetchResponse = z.infer<typeof fetchResponseSchema>;
