/** This member's part of the all-reduce: pushing buckets to their owners, reducing its own, spreading the result. */
import {
  leafHash,
  type Bucket,
  type BucketFrame,
  type MemberEffectOf,
  type MemberEventOf,
  type MemberInfo,
  type PeerId,
  type RunId,
  type View,
} from '@murmuration/protocol';
import { fastSha256, type BucketLinks } from '@murmuration/protocol/net-core';
import { nextTurn } from '../shell/turn.ts';
import { crashPoint, type Faults } from '../shell/faults.ts';
import type { BucketCut } from './bucket-cut.ts';
import { MissingBucketError } from './errors.ts';
import { provenBucket, type OwnContributions } from './own-contributions.ts';
import type { ReceivedContributions } from './received-contributions.ts';
import type { ReducedBuckets } from './reduced-buckets.ts';
import { floatsOf, type Summation } from './summation.ts';

/** Times that a push is tried: a stream may break without the peer being lost. */
const PUSH_ATTEMPTS = 3;
/** Milliseconds before the second attempt; the third waits twice as long. */
const PUSH_PAUSE = 200;

export interface CollectiveParts {
  readonly self: PeerId;
  readonly runId: RunId;
  readonly cut: BucketCut;
  readonly summation: Summation;
  readonly own: OwnContributions;
  readonly received: ReceivedContributions;
  readonly reduced: ReducedBuckets;
  readonly links: BucketLinks;
  readonly faults: Faults;
}

type Answer<T extends 'reduced'> = Omit<MemberEventOf<T>, 'at'>;

export class Collective {
  readonly #parts: CollectiveParts;

  constructor(parts: CollectiveParts) {
    this.#parts = parts;
  }

  /** Pushes buckets of the own contribution to their owner. @throws the last attempt's error */
  async pushContribution({ round, assignment, to, buckets }: MemberEffectOf<'pushContribution'>): Promise<void> {
    const { own, cut, runId, faults } = this.#parts;
    const contribution = own.of(assignment);
    // A newer assignment has replaced it: nobody wants it any more.
    if (contribution === null) return;
    const {
      terms: { microBatches, samples, root },
      signature,
    } = contribution;
    for (const bucket of buckets) {
      const { bytes, proof } = provenBucket(contribution, cut, bucket);
      await this.#push(
        to,
        {
          type: 'contribution',
          runId,
          round,
          assignment,
          microBatches: [...microBatches],
          bucket,
          samples,
          root,
          signature,
          proof,
        },
        bytes,
      );
      crashPoint(faults, 'pushing', round);
    }
  }

  /** The mean gradient of one bucket. @throws MissingBucketError, KernelError */
  async reduce({ round, view, bucket, terms }: MemberEffectOf<'reduce'>): Promise<Answer<'reduced'>> {
    crashPoint(this.#parts.faults, 'owning', round);
    // A turn of the event loop for each bucket, so that frames and heartbeats pass between.
    await nextTurn();
    const { self, cut, summation, reduced } = this.#parts;
    const inputs = terms.map(({ peerId, assignment, samples }) => ({
      bytes: this.#contribution(peerId, assignment, bucket),
      samples,
    }));
    const bytes = new Uint8Array(cut.byteLength(bucket));
    summation.reduce(inputs, floatsOf(bytes));
    const hash = leafHash(bytes, fastSha256);
    reduced.add({ from: self, view, bucket, hash, bytes });
    return { type: 'reduced', round, view, bucket, hash };
  }

  /** Pushes a bucket that this member reduced to each of `to`. @throws the first error, when all have been tried */
  async pushReduced({ round, view, bucket, hash, to }: MemberEffectOf<'pushReduced'>): Promise<void> {
    const { reduced, runId } = this.#parts;
    const bytes = reduced.find(view, bucket, hash);
    // Its view has been given up: nobody wants it any more.
    if (bytes === null) return;
    const pushes = to.map((member) => this.#push(member, { type: 'reduced', runId, round, view, bucket }, bytes));
    const failed = (await Promise.allSettled(pushes)).find((push) => push.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  #contribution(from: PeerId, assignment: View, bucket: Bucket): Uint8Array {
    const { self, own, received, cut } = this.#parts;
    const mine = from === self ? own.of(assignment) : null;
    const bytes = mine === null ? received.get(from, assignment, bucket) : cut.bytes(mine.values, bucket);
    if (bytes === null) throw new MissingBucketError({ from, assignment, bucket });
    return bytes;
  }

  async #push(to: MemberInfo, frame: BucketFrame, bytes: Uint8Array): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#parts.links.push(to, frame, bytes);
      } catch (error) {
        if (attempt === PUSH_ATTEMPTS) throw error;
        await new Promise((resolve) => setTimeout(resolve, PUSH_PAUSE * attempt));
      }
    }
  }
}
