/**
 * Buckets of other members' contributions, for the buckets that this member owns. Bounded: a sender has room for so many
 * bytes, and its newest assignments push out its older ones, which a later view has superseded anyway.
 */
import type { Bucket, PeerId, View } from '@murmuration/protocol';

type Buckets = Map<Bucket, Uint8Array>;

export class ReceivedContributions {
  readonly #bySender = new Map<PeerId, Map<View, Buckets>>();
  readonly #bytesOfSender = new Map<PeerId, number>();
  readonly #limit: number;

  /** @param limit bytes kept for one sender */
  constructor(limit: number) {
    this.#limit = limit;
  }

  add(from: PeerId, assignment: View, bucket: Bucket, bytes: Uint8Array): void {
    const assignments = this.#bySender.get(from) ?? new Map<View, Buckets>();
    this.#bySender.set(from, assignments);
    const buckets = assignments.get(assignment) ?? new Map<Bucket, Uint8Array>();
    assignments.set(assignment, buckets);
    this.#count(from, bytes.length - (buckets.get(bucket)?.length ?? 0));
    buckets.set(bucket, bytes);
    while (this.#held(from) > this.#limit && assignments.size > 1)
      this.#drop(from, Math.min(...assignments.keys()) as View);
  }

  get(from: PeerId, assignment: View, bucket: Bucket): Uint8Array | null {
    return this.#bySender.get(from)?.get(assignment)?.get(bucket) ?? null;
  }

  discard(from: PeerId, assignment: View, bucket: Bucket): void {
    const buckets = this.#bySender.get(from)?.get(assignment);
    this.#count(from, -(buckets?.get(bucket)?.length ?? 0));
    buckets?.delete(bucket);
    if (buckets?.size === 0) this.#drop(from, assignment);
  }

  releaseBefore(assignment: View): void {
    for (const [from, assignments] of this.#bySender) {
      for (const view of assignments.keys()) if (view < assignment) this.#drop(from, view);
    }
  }

  clear(): void {
    this.#bySender.clear();
    this.#bytesOfSender.clear();
  }

  #held(from: PeerId): number {
    return this.#bytesOfSender.get(from) ?? 0;
  }

  #count(from: PeerId, bytes: number): void {
    this.#bytesOfSender.set(from, this.#held(from) + bytes);
  }

  #drop(from: PeerId, assignment: View): void {
    const assignments = this.#bySender.get(from);
    for (const bytes of assignments?.get(assignment)?.values() ?? []) this.#count(from, -bytes.length);
    assignments?.delete(assignment);
    if (assignments?.size === 0) {
      this.#bySender.delete(from);
      this.#bytesOfSender.delete(from);
    }
  }
}
