/**
 * Reduced buckets: those of views that are not sealed, by their maker, so that nobody can put his in the place of an
 * owner's; and those of sealed rounds, by content, for joiners. Bounded as `ReceivedContributions` are.
 */
import type { Bucket, Hash, PeerId, Round, View } from '@murmuration/protocol';

/** A reduced bucket of a view, as `from` made or sent it. */
export interface ReducedBucket {
  readonly from: PeerId;
  readonly view: View;
  readonly bucket: Bucket;
  /** Leaf hash of `bytes`. */
  readonly hash: Hash;
  readonly bytes: Uint8Array;
}

type Makers = Map<PeerId, ReducedBucket>;

export class ReducedBuckets {
  /** Not sealed; views in order of arrival. */
  readonly #open = new Map<View, Map<Bucket, Makers>>();
  readonly #bytesOfSender = new Map<PeerId, number>();
  readonly #sealed = new Map<Round, ReadonlyMap<Hash, Uint8Array>>();
  readonly #limit: number;

  /** @param limit bytes kept for one sender */
  constructor(limit: number) {
    this.#limit = limit;
  }

  add(reduced: ReducedBucket): void {
    const buckets = this.#open.get(reduced.view) ?? new Map<Bucket, Makers>();
    this.#open.set(reduced.view, buckets);
    const makers = buckets.get(reduced.bucket) ?? new Map<PeerId, ReducedBucket>();
    buckets.set(reduced.bucket, makers);
    this.#count(reduced.from, reduced.bytes.length - (makers.get(reduced.from)?.bytes.length ?? 0));
    makers.set(reduced.from, reduced);
    if (this.#held(reduced.from) > this.#limit) this.#evict(reduced.from, reduced.view);
  }

  /** The bucket of `view` with this content, whoever made it. */
  find(view: View, bucket: Bucket, hash: Hash): Uint8Array | null {
    for (const reduced of this.#open.get(view)?.get(bucket)?.values() ?? [])
      if (reduced.hash === hash) return reduced.bytes;
    return null;
  }

  /** Forgets one copy with this content, the youngest: of several equal ones, one may still be wanted. */
  discard(view: View, bucket: Bucket, hash: Hash): void {
    const makers = this.#open.get(view)?.get(bucket);
    const youngest = [...(makers?.values() ?? [])].findLast((reduced) => reduced.hash === hash);
    if (youngest === undefined) return;
    makers?.delete(youngest.from);
    this.#count(youngest.from, -youngest.bytes.length);
  }

  /** Keeps the buckets of a sealed round by their content, and forgets its and older views. */
  seal(round: Round, view: View, hashes: readonly Hash[]): void {
    const kept = hashes.map((hash, bucket) => [hash, this.find(view, bucket as Bucket, hash)] as const);
    this.#sealed.set(round, new Map(kept.filter((entry): entry is [Hash, Uint8Array] => entry[1] !== null)));
    this.releaseBefore((view + 1) as View);
  }

  sealed(round: Round, hash: Hash): Uint8Array | null {
    return this.#sealed.get(round)?.get(hash) ?? null;
  }

  releaseBefore(view: View): void {
    for (const open of this.#open.keys()) if (open < view) this.#drop(open, () => true);
  }

  releaseSealedBefore(round: Round): void {
    for (const sealed of this.#sealed.keys()) if (sealed < round) this.#sealed.delete(sealed);
  }

  clear(): void {
    this.#open.clear();
    this.#bytesOfSender.clear();
    this.#sealed.clear();
  }

  #held(from: PeerId): number {
    return this.#bytesOfSender.get(from) ?? 0;
  }

  #count(from: PeerId, bytes: number): void {
    const held = this.#held(from) + bytes;
    if (held > 0) this.#bytesOfSender.set(from, held);
    else this.#bytesOfSender.delete(from);
  }

  /** Drops what a sender sent in its oldest view, `newest` last of all. */
  #evict(from: PeerId, newest: View): void {
    const views = [...this.#open].filter(
      ([view, buckets]) => view !== newest && [...buckets.values()].some((makers) => makers.has(from)),
    );
    const oldest = views.length === 0 ? newest : (Math.min(...views.map(([view]) => view)) as View);
    this.#drop(oldest, (maker) => maker === from);
  }

  #drop(view: View, which: (maker: PeerId) => boolean): void {
    const buckets = this.#open.get(view);
    for (const [bucket, makers] of buckets ?? []) {
      for (const [maker, { bytes }] of makers) {
        if (!which(maker)) continue;
        this.#count(maker, -bytes.length);
        makers.delete(maker);
      }
      if (makers.size === 0) buckets?.delete(bucket);
    }
    if (buckets?.size === 0) this.#open.delete(view);
  }
}
