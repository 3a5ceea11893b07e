/**
 * States of the run at the coordinator: fetched from members when the machine asks for a checkpoint, checked, written, and
 * served to whoever needs it. The coordinator computes nothing with them.
 */
import type { ParameterLayout, StateLayout } from '@murmuration/kernels/graph';
import {
  MurmurationError,
  round as brandRound,
  STATE_CHUNK_BYTES,
  tensorTreeOfBytes,
  verifyTensorProof,
} from '@murmuration/protocol';
import type {
  CoordinatorEffectOf,
  FetchRequest,
  MemberInfo,
  RunId,
  StatePoint,
  TensorTree,
} from '@murmuration/protocol';
import { fetchFrom, missing, fastSha256, Semaphore } from '@murmuration/protocol/net';
import type { FetchAnswer, MurmurationNode } from '@murmuration/protocol/net';
import { readCheckpoint, writeCheckpoint } from '../store/checkpoint.ts';
import type { Checkpoint } from '../store/checkpoint.ts';

/** Chunks asked for at once. */
const PARALLEL = 8;

/** No source had a chunk of the state, or none that was right. */
class StateUnavailableError extends MurmurationError {
  readonly code = 'STATE_UNAVAILABLE';

  constructor({ round, chunk, why }: { round: number; chunk: number; why: string }) {
    super({
      message: `No member served chunk ${chunk} of the state at round ${round}: ${why}.`,
      mend: 'The run asks again at the next checkpoint.',
    });
  }
}

export interface StateStoreOptions {
  readonly runId: RunId;
  readonly node: MurmurationNode;
  readonly checkpoints: string;
  readonly layout: ParameterLayout;
  readonly stateLayout: StateLayout;
  readonly journalLength: () => number;
}

/** A state before the first round, as every replica would make it of `parameters`. */
function startState({ tensors, length }: StateLayout, parameters: Float32Array): Uint8Array {
  const state = new Float32Array(length);
  for (const { offset, length: size, initial } of tensors) state.fill(initial, offset, offset + size);
  state.set(parameters);
  return new Uint8Array(state.buffer);
}

interface Held extends StatePoint {
  readonly bytes: Uint8Array;
  readonly tree: TensorTree;
}

export class StateStore {
  readonly #options: StateStoreOptions;
  #held: Held | null = null;

  constructor(options: StateStoreOptions) {
    this.#options = options;
  }

  /** The newest state, `[stateLayout.length] f32` as bytes, with where it belongs; null before the first checkpoint. */
  get newest(): (StatePoint & { readonly bytes: Uint8Array }) | null {
    return this.#held;
  }

  /** Serves what was stored by an earlier process. @throws TruncatedFileError, CorruptFileError */
  load(directory: string): Checkpoint {
    const checkpoint = readCheckpoint(directory);
    const { round, stateHash } = checkpoint.manifest;
    this.#hold({ round, stateHash } as StatePoint, checkpoint.state);
    return checkpoint;
  }

  /**
   * The state at round 0 of a run that starts from given weights: written and served as a checkpoint.
   * @param parameters `[layout.size] f32`
   */
  begin(parameters: Float32Array): StatePoint {
    const { runId, checkpoints, layout, stateLayout } = this.#options;
    const state = startState(stateLayout, parameters);
    const stateHash = tensorTreeOfBytes(state, STATE_CHUNK_BYTES, fastSha256).root;
    const point = { round: brandRound(0), stateHash };
    writeCheckpoint(checkpoints, { runId, ...point, journalLength: 0, layout, stateLayout, state });
    this.#hold(point, state);
    return point;
  }

  /** Fetches the state, writes it as a checkpoint and serves it from now on. @throws StateUnavailableError and system errors */
  async take({ round, stateHash, sources }: CoordinatorEffectOf<'checkpoint'>): Promise<void> {
    const bytes = await this.#fetch({ round, stateHash }, sources);
    const { runId, checkpoints, layout, stateLayout, journalLength } = this.#options;
    writeCheckpoint(checkpoints, {
      runId,
      round,
      stateHash,
      journalLength: journalLength(),
      layout,
      stateLayout,
      state: bytes,
    });
    this.#hold({ round, stateHash }, bytes);
  }

  /** Answers members who ask the coordinator for a state. */
  answer(request: FetchRequest): FetchAnswer {
    const held = this.#held;
    if (request.type !== 'state' || request.runId !== this.#options.runId)
      return missing('a coordinator serves the states of its own run only');
    if (held === null || held.round !== request.round)
      return missing(`the state at round ${request.round} is not stored here`);
    if (request.chunk >= held.tree.leaves) return missing(`the state has ${held.tree.leaves} chunks`);
    const start = request.chunk * STATE_CHUNK_BYTES;
    const body = held.bytes.subarray(start, start + STATE_CHUNK_BYTES);
    return { response: { type: 'ok', proof: held.tree.proof(request.chunk), total: held.bytes.length }, body };
  }

  #hold(point: StatePoint, bytes: Uint8Array): void {
    this.#held = { ...point, bytes, tree: tensorTreeOfBytes(bytes, STATE_CHUNK_BYTES, fastSha256) };
  }

  async #fetch(point: StatePoint, sources: readonly MemberInfo[]): Promise<Uint8Array> {
    const bytes = new Uint8Array(this.#options.stateLayout.length * Float32Array.BYTES_PER_ELEMENT);
    const slots = new Semaphore(PARALLEL);
    const chunks = Array.from({ length: Math.ceil(bytes.length / STATE_CHUNK_BYTES) }, (_, chunk) => chunk);
    await Promise.all(
      chunks.map((chunk) => slots.run(() => this.#fetchChunk(point, chunk, chunks.length, sources, bytes))),
    );
    return bytes;
  }

  /** Asks the sources in turn, each chunk beginning with another one, so that all of them share the load. */
  async #fetchChunk(
    { round, stateHash: root }: StatePoint,
    index: number,
    leaves: number,
    sources: readonly MemberInfo[],
    into: Uint8Array,
  ): Promise<void> {
    const { node, runId } = this.#options;
    const start = index * STATE_CHUNK_BYTES;
    const length = Math.min(STATE_CHUNK_BYTES, into.length - start);
    let why = 'there was nobody to ask';
    for (let turn = 0; turn < sources.length; turn += 1) {
      const source = sources[(index + turn) % sources.length];
      if (source === undefined) continue;
      try {
        const { response, body: bytes } = await fetchFrom(
          node,
          source,
          { type: 'state', runId, round, chunk: index },
          { maxBody: STATE_CHUNK_BYTES },
        );
        if (
          response.type === 'ok' &&
          bytes.length === length &&
          verifyTensorProof({ root, leaves, index, bytes, proof: response.proof }, fastSha256)
        ) {
          into.set(bytes, start);
          return;
        }
        why =
          response.type === 'missing'
            ? response.reason
            : `${source.peerId} served bytes that do not have the state's hash`;
      } catch (error) {
        why = error instanceof Error ? error.message : String(error);
      }
    }
    throw new StateUnavailableError({ round, chunk: index, why });
  }
}
