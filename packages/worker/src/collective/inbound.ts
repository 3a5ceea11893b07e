/** Checks the tensor frames of other members, keeps what passes, and tells the machine. */
import {
  leafHash,
  verifyTensorProof,
  type BucketFrame,
  type MemberEvent,
  type PeerId,
  type RunId,
} from '@murmuration/protocol';
import { fastSha256, PeerFaultError, verifyCommitment, type BucketReceiver } from '@murmuration/protocol/net-core';
import type { VectorKernels } from '@murmuration/kernels/exact';
import type { BucketCut } from './bucket-cut.ts';
import type { ReceivedContributions } from './received-contributions.ts';
import type { ReducedBuckets } from './reduced-buckets.ts';
import { floatsOf, type Summation } from './summation.ts';

type ContributionFrame = Extract<BucketFrame, { type: 'contribution' }>;
type ReducedFrame = Extract<BucketFrame, { type: 'reduced' }>;

/** Commitments whose signature was verified, so that it is done once and not once a bucket. */
const VERIFIED_LIMIT = 8192;

export interface InboundParts {
  readonly runId: RunId;
  readonly cut: BucketCut;
  readonly vectors: VectorKernels;
  readonly summation: Summation;
  readonly received: ReceivedContributions;
  readonly reduced: ReducedBuckets;
  /** Tells the machine; `at` is added there. */
  readonly tell: (event: Untimed<Extract<MemberEvent, { type: 'contributionReceived' | 'reducedReceived' }>>) => void;
}

export type Untimed<T> = T extends unknown ? Omit<T, 'at'> : never;

export class Inbound implements BucketReceiver {
  readonly #parts: InboundParts;
  readonly #verified = new Set<string>();

  constructor(parts: InboundParts) {
    this.#parts = parts;
  }

  destination(peer: PeerId, frame: BucketFrame, bodyLength: number): Uint8Array {
    const { runId, cut } = this.#parts;
    if (frame.runId !== runId) throw fault(peer, 'unexpected', `a bucket of the run ${frame.runId}`);
    if (!cut.has(frame.bucket)) throw fault(peer, 'unexpected', `bucket ${frame.bucket} of ${cut.count}`);
    const expected =
      frame.type === 'contribution' ? cut.contributionLength(frame.bucket) : cut.byteLength(frame.bucket);
    if (bodyLength !== expected)
      throw fault(
        peer,
        'unexpected',
        `bucket ${frame.bucket} with ${bodyLength} bytes, where ${expected} were expected`,
      );
    return new Uint8Array(bodyLength);
  }

  received(peer: PeerId, frame: BucketFrame, body: Uint8Array): void {
    if (frame.type === 'contribution') this.#contribution(peer, frame, body);
    else this.#reduced(peer, frame, body);
  }

  /** @throws PeerFaultError when element `at` is none that may stand in a bucket */
  #expectFit(peer: PeerId, frame: BucketFrame, at: number, unfit: string): void {
    if (at >= 0) throw fault(peer, 'forged', `bucket ${frame.bucket} with ${unfit} at element ${at}`);
  }

  #contribution(from: PeerId, frame: ContributionFrame, bytes: Uint8Array): void {
    const { cut, received, summation, tell } = this.#parts;
    this.#expectFit(from, frame, summation.firstUnfit(bytes), summation.unfit);
    const { round, assignment, microBatches, samples, root, signature, bucket, proof } = frame;
    if (!verifyTensorProof({ root, leaves: cut.count, index: bucket, bytes, proof }, fastSha256))
      throw fault(from, 'forged', `bucket ${bucket} is not in the contribution that it says`);
    if (!this.#isSigned(from, frame)) throw fault(from, 'forged', `the signature under its commitment ${root}`);
    const earlier = received.get(from, assignment, bucket);
    // The first one may be in a reduction already: nobody swaps it, and whoever signs two has shown it.
    if (earlier !== null && !sameBytes(earlier, bytes))
      throw fault(from, 'forged', `a second, other bucket ${bucket} for one assignment`);
    received.add(from, assignment, bucket, earlier ?? bytes);
    tell({ type: 'contributionReceived', from, bucket, round, assignment, microBatches, samples, root, signature });
  }

  #isSigned(
    from: PeerId,
    { runId, round, assignment, microBatches, samples, root, signature }: ContributionFrame,
  ): boolean {
    const key = JSON.stringify([from, round, assignment, microBatches, samples, root, signature]);
    if (this.#verified.has(key)) return true;
    if (!verifyCommitment(from, { runId, round, assignment, microBatches, samples, root }, signature)) return false;
    if (this.#verified.size >= VERIFIED_LIMIT) this.#verified.clear();
    this.#verified.add(key);
    return true;
  }

  #reduced(from: PeerId, frame: ReducedFrame, bytes: Uint8Array): void {
    const { round, view, bucket } = frame;
    this.#expectFit(from, frame, this.#parts.vectors.firstNonFinite(floatsOf(bytes)), 'a number that is not finite');
    const hash = leafHash(bytes, fastSha256);
    this.#parts.reduced.add({ from, view, bucket, hash, bytes });
    this.#parts.tell({ type: 'reducedReceived', from, round, view, bucket, hash });
  }
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, at) => byte === b[at]);

const fault = (peer: PeerId, kind: 'unexpected' | 'forged', detail: string): PeerFaultError =>
  new PeerFaultError({ peer, fault: kind, detail: `it sent ${detail}` });
