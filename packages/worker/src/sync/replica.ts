/**
 * This member's copy of the state: parameters and optimizer tensors in the exact kernels' memory, the round that they
 * stand at, and the Merkle tree over their bytes, whose root is the state hash.
 */
import type { HostKernels, OptimizerParameters, OptimizerState } from '@murmuration/kernels/exact';
import {
  round as brandRound,
  STATE_CHUNK_BYTES,
  tensorTree,
  type Hash,
  type Round,
  type TensorTree,
} from '@murmuration/protocol';
import { fastSha256, leafDigests } from '@murmuration/protocol/net-core';
import { nextTurn } from '../shell/turn.ts';

/** Chunks hashed between two turns of the event loop: 4 MiB, about 3 ms. */
const CHUNKS_A_TURN = 16;

/** A state that does not change any more. */
export interface StateCopy {
  readonly round: Round;
  /** Parameters ‖ optimizer tensors, little-endian. */
  readonly bytes: Uint8Array;
  readonly tree: TensorTree;
}

export class Replica {
  readonly #state: OptimizerState;
  #round: Round = brandRound(0);
  /** Changes of the state follow one another: hashing takes turns, and nobody may change what is being hashed. */
  #tail: Promise<unknown> = Promise.resolve();
  #tree: TensorTree | null = null;
  /** The copy of the parameters that was made at the present round, if one was. */
  #copied: Float32Array | null = null;

  constructor(kernels: HostKernels, options: OptimizerParameters) {
    this.#state = kernels.createOptimizer(options);
  }

  /** The round that the state stands at; null while it holds none. */
  get round(): Round | null {
    return this.#tree === null ? null : this.#round;
  }

  /** The Merkle root over the present state; null while there is none. */
  get stateHash(): Hash | null {
    return this.#tree?.root ?? null;
  }

  /** Bytes of a state. */
  get byteLength(): number {
    return this.#state.stateBytes.length;
  }

  get chunks(): number {
    return Math.ceil(this.byteLength / STATE_CHUNK_BYTES);
  }

  /** A copy of the parameters `[n] f32`, one for all that ask in the same round: nobody may write to it. */
  parameters(): Float32Array {
    this.#copied ??= this.#state.parameters.slice();
    return this.#copied;
  }

  /** A copy of the present state; null while there is none. */
  copy(): StateCopy | null {
    return this.#tree === null ? null : { round: this.#round, bytes: this.#state.stateBytes.slice(), tree: this.#tree };
  }

  /** Starts at round 0 from the model's initial parameters. Returns the state hash. */
  initialise(parameters: Float32Array): Promise<Hash> {
    return this.#change(() => {
      this.#forget();
      this.#state.loadParameters(parameters);
      return this.#rehash(brandRound(0));
    });
  }

  /** Takes over a state that was checked chunk by chunk. Returns the state hash. */
  load(bytes: Uint8Array, round: Round): Promise<Hash> {
    return this.#change(() => {
      this.#forget();
      this.#state.loadState(bytes);
      return this.#rehash(round);
    });
  }

  /**
   * Applies the reduced gradient `[n] f32` of the round that the state stands at; it is asked for when its turn comes.
   * @throws GradientRangeError, with the state untouched
   */
  apply(gradient: () => Float32Array): Promise<{ readonly stateHash: Hash; readonly gradientNorm: number }> {
    return this.#change(async () => {
      const { gradientNorm } = this.#state.apply(gradient(), { round: this.#round });
      this.#forget();
      return { stateHash: await this.#rehash(brandRound(this.#round + 1)), gradientNorm };
    });
  }

  /** A copy of a chunk of the present state with its proof, while it stands at `round`; else null. */
  chunk(round: Round, index: number): { readonly bytes: Uint8Array; readonly proof: Hash[] } | null {
    if (this.#tree === null || round !== this.#round || index >= this.chunks) return null;
    return { bytes: chunkOf(this.#state.stateBytes, index).slice(), proof: this.#tree.proof(index) };
  }

  release(): void {
    this.#state.release();
  }

  #forget(): void {
    this.#tree = null;
    this.#copied = null;
  }

  #change<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(work);
    this.#tail = result.catch(() => undefined);
    return result;
  }

  /** Hashes in turns, so that peers are answered meanwhile. Nobody may change the state until it is over. */
  async #rehash(round: Round): Promise<Hash> {
    const leaves: Uint8Array[] = [];
    while (leaves.length < this.chunks) {
      // Taken anew each turn: memory that grew meanwhile has moved.
      const bytes = this.#state.stateBytes;
      const end = Math.min(leaves.length + CHUNKS_A_TURN, this.chunks);
      const chunks = Array.from({ length: end - leaves.length }, (_, i) => chunkOf(bytes, leaves.length + i));
      leaves.push(...(await leafDigests(chunks)));
      if (leaves.length < this.chunks) await nextTurn();
    }
    this.#round = round;
    this.#tree = tensorTree(leaves, fastSha256);
    return this.#tree.root;
  }
}

/** Chunk `index` of a state's bytes, without a copy. */
export const chunkOf = (bytes: Uint8Array, index: number): Uint8Array =>
  bytes.subarray(index * STATE_CHUNK_BYTES, (index + 1) * STATE_CHUNK_BYTES);
