/** Keeps the replica: makes or downloads it, applies sealed rounds to it, keeps copies and forgets them. */
import {
  round as roundOf,
  type Hash,
  type MemberEffectOf,
  type MemberEventOf,
  type Release,
  type Round,
  type RunId,
} from '@murmuration/protocol';
import type { MurmurationNode } from '@murmuration/protocol/net-core';
import type { HostVector } from '@murmuration/kernels/exact';
import type { BucketCut } from '../collective/bucket-cut.ts';
import { MissingBucketError } from '../collective/errors.ts';
import type { OwnContributions } from '../collective/own-contributions.ts';
import type { ReceivedContributions } from '../collective/received-contributions.ts';
import type { ReducedBuckets } from '../collective/reduced-buckets.ts';
import { floatsOf } from '../collective/summation.ts';
import { crashPoint, type Faults } from '../shell/faults.ts';
import { StateMismatchError } from './errors.ts';
import { fetchReduced, fetchState } from './fetch-state.ts';
import type { KeptStates } from './kept-states.ts';
import type { Replica } from './replica.ts';

export interface UpdaterParts {
  readonly node: MurmurationNode;
  readonly runId: RunId;
  readonly cut: BucketCut;
  readonly replica: Replica;
  readonly gradient: HostVector;
  readonly kept: KeptStates;
  readonly own: OwnContributions;
  readonly received: ReceivedContributions;
  readonly reduced: ReducedBuckets;
  readonly faults: Faults;
  /** The parameters that the job's seed means `[n] f32`. */
  readonly start: () => Float32Array;
  /** Told while a state comes in, in bytes. */
  readonly onProgress: (round: Round, received: number) => void;
}

type Answer<T extends 'stateHeld' | 'applied' | 'reducedFetched'> = Omit<MemberEventOf<T>, 'at'>;

export class Updater {
  readonly #parts: UpdaterParts;
  #download = new AbortController();

  constructor(parts: UpdaterParts) {
    this.#parts = parts;
  }

  async initialise(): Promise<Answer<'stateHeld'>> {
    const { replica, kept, start } = this.#parts;
    this.#newDownload();
    const stateHash = await replica.initialise(start());
    kept.forgetFrom(roundOf(0));
    return { type: 'stateHeld', round: roundOf(0), stateHash };
  }

  /** Null when a later state was asked for meanwhile. @throws UnavailableError, StateMismatchError */
  fetchState(sync: MemberEffectOf<'fetchState'>): Promise<Answer<'stateHeld'> | null> {
    const { replica, kept, node, runId } = this.#parts;
    const onProgress = (received: number): void => this.#parts.onProgress(sync.round, received);
    return this.#unlessReplaced(this.#newDownload(), async (signal) => {
      const bytes = await fetchState({ node, runId, signal, onProgress }, sync, replica.byteLength);
      const stateHash = await replica.load(bytes, sync.round);
      kept.forgetFrom(sync.round);
      if (stateHash !== sync.stateHash) throw new StateMismatchError({ expected: sync.stateHash, actual: stateHash });
      return { type: 'stateHeld', round: sync.round, stateHash };
    });
  }

  /** Null when a whole state was asked for meanwhile. @throws UnavailableError */
  fetchReduced({
    round,
    view,
    buckets,
    holders,
  }: MemberEffectOf<'fetchReduced'>): Promise<Answer<'reducedFetched'> | null> {
    const { node, runId, cut, reduced } = this.#parts;
    return this.#unlessReplaced(this.#download, async (signal) => {
      await fetchReduced({ node, runId, signal }, { round, wanted: buckets, holders, cut }, ({ bucket, hash }, bytes) =>
        reduced.add({ from: node.peerId, view, bucket, hash, bytes }),
      );
      return { type: 'reducedFetched', round, view, buckets: buckets.map(({ bucket }) => bucket) };
    });
  }

  /** A state that is asked for ends all downloads before it: they were for another. */
  #newDownload(): AbortController {
    this.#download.abort();
    this.#download = new AbortController();
    return this.#download;
  }

  async #unlessReplaced<T>({ signal }: AbortController, work: (signal: AbortSignal) => Promise<T>): Promise<T | null> {
    try {
      const result = await work(signal);
      return signal.aborted ? null : result;
    } catch (error) {
      if (signal.aborted) return null;
      throw error;
    }
  }

  /** @throws MissingBucketError, GradientRangeError; the state is then untouched */
  async apply({ round, view, hashes }: MemberEffectOf<'apply'>): Promise<Answer<'applied'>> {
    const { replica, reduced, gradient, faults } = this.#parts;
    crashPoint(faults, 'applying', round);
    this.#assemble(view, hashes);
    reduced.seal(round, view, hashes);
    const { stateHash, gradientNorm } = await replica.apply(() => gradient.values);
    return { type: 'applied', round, view, stateHash, gradientNorm };
  }

  /** Copies the sealed buckets into the gradient. */
  #assemble(view: MemberEffectOf<'apply'>['view'], hashes: readonly Hash[]): void {
    const { cut, reduced, gradient } = this.#parts;
    const values = gradient.values;
    for (const bucket of cut.buckets()) {
      const hash = hashes[bucket];
      const bytes = hash === undefined ? null : reduced.find(view, bucket, hash);
      if (bytes === null) throw new MissingBucketError({ from: 'the sealed round', assignment: view, bucket });
      values.set(floatsOf(bytes), cut.offset(bucket));
    }
  }

  retain({ kind, round }: MemberEffectOf<'retain'>): void {
    const { replica, kept } = this.#parts;
    if (replica.round !== round) return;
    if (kind === 'parameters') kept.keepParameters(round, replica.parameters());
    const copy = kind === 'state' ? replica.copy() : null;
    if (copy !== null) kept.keepState(copy);
  }

  discard(discard: MemberEffectOf<'discard'>): void {
    const { received, reduced } = this.#parts;
    if (discard.kind === 'contribution') received.discard(discard.from, discard.assignment, discard.bucket);
    else reduced.discard(discard.view, discard.bucket, discard.hash);
  }

  release(release: Release): void {
    const { kept, own, received, reduced } = this.#parts;
    switch (release.kind) {
      case 'contributions':
        received.releaseBefore(release.before);
        return reduced.releaseBefore(release.before);
      case 'ownContributions':
        return own.releaseBefore(release.before);
      case 'sealed':
        return reduced.releaseSealedBefore(release.before);
      case 'parameters':
        return kept.releaseParameters(release.before, release.pinned);
      case 'states':
        return kept.releaseStates(release.before);
    }
  }
}
