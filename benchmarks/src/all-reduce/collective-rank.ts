/**
 * One member's way of reducing, driven without a coordinator: cut, hash and sign the contribution, push buckets to their
 * owners over libp2p, check every bucket's proof and the signature that comes with it, reduce the own ones exactly,
 * spread them, and put the result together. What a coordinator adds in a round (its commands and the seal) is not here:
 * a bucket is reduced when all its contributions are in, and the reduction is over when all reduced buckets are.
 */
import type { Numerics } from '@murmuration/kernels/backend';
import { createHostKernels } from '@murmuration/kernels/exact';
import type { HostKernels, HostVector } from '@murmuration/kernels/exact';
import { microBatch, milliseconds, ownedBy, round, runId, view } from '@murmuration/protocol';
import type { Bucket, Hash, MemberInfo, PeerId, View } from '@murmuration/protocol';
import { BucketLinks, createNode, newKey, serveBuckets } from '@murmuration/protocol/net';
import type { MurmurationNode } from '@murmuration/protocol/net';
import {
  BucketCut,
  Collective,
  commitTo,
  floatsOf,
  Inbound,
  noFaults,
  OwnContributions,
  ReceivedContributions,
  ReducedBuckets,
  summationOf,
} from '@murmuration/worker/collective';
import type { InboundParts, Summation } from '@murmuration/worker/collective';
import type { Rank, RankSettings } from './rank.ts';

/** 256 KiB, as in a job that says nothing else. */
const BUCKET_SIZE = 65_536;
/** Samples that each member says its contribution is the mean of. */
const SAMPLES = 128;
const RUN = runId('00000000-benchmark');
const FAILURE_TIMEOUT = milliseconds(60_000);

/** What of a reduction is still to come. Contributions of others may be here before this member begins. */
class Reduction {
  readonly contributions = new Map<Bucket, number>();
  readonly hashes: (Hash | undefined)[];
  readonly finished = Promise.withResolvers<void>();
  #missing: number;

  constructor(buckets: number) {
    this.hashes = Array.from({ length: buckets });
    this.#missing = buckets;
  }

  add(bucket: Bucket, hash: Hash): void {
    if (this.hashes[bucket] === undefined) this.#missing -= 1;
    this.hashes[bucket] = hash;
    if (this.#missing === 0) this.finished.resolve();
  }
}

/** What a member contributes whose mean gradient is this. */
const contributionOf: Readonly<Record<Numerics, (gradient: Float32Array) => Float32Array | BigInt64Array>> = {
  fast: (gradient) => gradient,
  exact: (gradient) => BigInt64Array.from(gradient, (value) => BigInt(value * SAMPLES) << 44n),
};

export class CollectiveRank implements Rank {
  readonly name: string;
  readonly #ranks: number;
  readonly #contribution: Float32Array | BigInt64Array;
  readonly #node: MurmurationNode;
  readonly #links: BucketLinks;
  readonly #cut: BucketCut;
  readonly #own = new OwnContributions();
  readonly #received: ReceivedContributions;
  readonly #reduced: ReducedBuckets;
  readonly #collective: Collective;
  readonly #result: HostVector;
  readonly #kernels: HostKernels;
  readonly #summation: Summation;
  readonly #reductions = new Map<View, Reduction>();
  #members: readonly MemberInfo[] = [];
  #owners: readonly PeerId[] = [];
  #view: View = view(0);

  private constructor(parts: {
    ranks: number;
    gradient: Float32Array;
    numerics: Numerics;
    node: MurmurationNode;
    kernels: HostKernels;
    result: HostVector;
  }) {
    const { ranks, gradient, numerics, node, kernels, result } = parts;
    const summation = summationOf(numerics, kernels);
    this.name = numerics === 'exact' ? 'murmuration, exact' : 'murmuration';
    [this.#ranks, this.#contribution, this.#node, this.#result] = [
      ranks,
      contributionOf[numerics](gradient),
      node,
      result,
    ];
    [this.#kernels, this.#summation] = [kernels, summation];
    this.#links = new BucketLinks(node);
    this.#cut = new BucketCut({
      size: gradient.length,
      trained: gradient.length,
      bucketSize: BUCKET_SIZE,
      contributionBytes: summation.elementBytes,
    });
    const limit = 3 * this.#contribution.byteLength;
    [this.#received, this.#reduced] = [new ReceivedContributions(limit), new ReducedBuckets(limit)];
    const [own, received, reduced, links] = [this.#own, this.#received, this.#reduced, this.#links];
    this.#collective = new Collective({
      self: node.peerId,
      runId: RUN,
      cut: this.#cut,
      summation,
      own,
      received,
      reduced,
      links,
      faults: noFaults,
    });
  }

  /** @param gradient what this rank brings, `[elements] f32` */
  static async open(
    { ranks }: RankSettings,
    gradient: Float32Array,
    numerics: Numerics = 'fast',
  ): Promise<CollectiveRank> {
    const node = await createNode({
      privateKey: await newKey(),
      listen: ['/ip4/127.0.0.1/tcp/0'],
      failureTimeout: FAILURE_TIMEOUT,
    });
    const kernels = await createHostKernels({ reserve: 2 * gradient.byteLength });
    const rank = new CollectiveRank({
      ranks,
      gradient,
      numerics,
      node,
      kernels,
      result: kernels.allocate(gradient.length),
    });
    await serveBuckets(node, rank.#inbound());
    return rank;
  }

  get address(): string {
    const info: MemberInfo = { peerId: this.#node.peerId, addresses: this.#node.addresses() };
    return JSON.stringify(info);
  }

  async connect(addresses: readonly string[]): Promise<void> {
    this.#members = addresses.map((address) => JSON.parse(address) as MemberInfo);
    // As the coordinator plans them: in turn.
    this.#owners = Array.from({ length: this.#cut.count }, (_, bucket) => this.#members[bucket % this.#ranks]!.peerId);
    await Promise.resolve();
  }

  async reduce(): Promise<Float32Array> {
    this.#view = view(this.#view + 1);
    const assignment = this.#view;
    const { finished } = this.#reduction(assignment);
    const terms = {
      runId: RUN,
      round: round(assignment),
      assignment,
      microBatches: [microBatch(assignment)],
      samples: SAMPLES,
    };
    this.#own.add(commitTo(this.#contribution, this.#cut, terms, this.#node.privateKey));
    const pushes = this.#others.map((to) =>
      this.#collective.pushContribution({
        type: 'pushContribution',
        round: terms.round,
        assignment,
        to,
        buckets: ownedBy(this.#owners, to.peerId),
      }),
    );
    for (const bucket of ownedBy(this.#owners, this.#node.peerId)) this.#contributed(assignment, bucket);
    await Promise.all([finished.promise, ...pushes]);
    this.#assemble(assignment);
    return this.#result.values;
  }

  async close(): Promise<void> {
    this.#links.retain(new Set());
    await this.#node.stop();
  }

  get #others(): readonly MemberInfo[] {
    return this.#members.filter(({ peerId }) => peerId !== this.#node.peerId);
  }

  #inbound(): Inbound {
    const tell: InboundParts['tell'] = (event) => {
      if (event.type === 'contributionReceived') this.#contributed(event.assignment, event.bucket);
      else this.#reduction(event.view).add(event.bucket, event.hash);
    };
    return new Inbound({
      runId: RUN,
      cut: this.#cut,
      vectors: this.#kernels.vectors,
      summation: this.#summation,
      received: this.#received,
      reduced: this.#reduced,
      tell,
    });
  }

  #reduction(assignment: View): Reduction {
    const known = this.#reductions.get(assignment) ?? new Reduction(this.#cut.count);
    this.#reductions.set(assignment, known);
    return known;
  }

  /** One more contribution to an own bucket is here; the last one starts its reduction. */
  #contributed(assignment: View, bucket: Bucket): void {
    const reduction = this.#reduction(assignment);
    const contributions = (reduction.contributions.get(bucket) ?? 0) + 1;
    reduction.contributions.set(bucket, contributions);
    if (contributions < this.#ranks) return;
    this.#reduceBucket(reduction, assignment, bucket).catch((error: unknown) => reduction.finished.reject(error));
  }

  async #reduceBucket(reduction: Reduction, assignment: View, bucket: Bucket): Promise<void> {
    const named = { round: round(assignment), view: assignment, bucket };
    const terms = this.#members.map(({ peerId }) => ({
      peerId,
      assignment,
      samples: SAMPLES,
      root: this.#own.of(assignment)!.terms.root,
    }));
    const { hash } = await this.#collective.reduce({ type: 'reduce', ...named, terms });
    reduction.add(bucket, hash);
    await this.#collective.pushReduced({ type: 'pushReduced', ...named, hash, to: this.#others });
  }

  /** Puts the reduced buckets together as the optimizer takes them, and forgets all that the reduction held. */
  #assemble(assignment: View): void {
    const { hashes } = this.#reduction(assignment);
    for (const bucket of this.#cut.buckets()) {
      const bytes = this.#reduced.find(assignment, bucket, hashes[bucket]!);
      this.#result.values.set(floatsOf(bytes!), this.#cut.offset(bucket));
    }
    const next = view(assignment + 1);
    this.#reduced.releaseBefore(next);
    this.#received.releaseBefore(next);
    this.#own.releaseBefore(round(next));
    this.#reductions.delete(assignment);
  }
}
