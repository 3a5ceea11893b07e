/**
 * SHA-256 for where no synchronous native hash is at hand (a browser); in Node, `node:crypto` gives the same digests
 * faster. Equal chunks are hashed four at a time, one a SIMD lane.
 */
import type { HostMemory } from './host-memory.ts';
import type { WasmKernels } from './wasm-module.ts';

/** Bytes of a message that are copied into the kernels' memory at a time; a multiple of the 64-byte block. */
const STRIPE = 8192;
const LANES = 4;

const INITIAL = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];

const nothing = new Uint8Array();
/** Leaf hashes of a tensor tree begin with this byte. */
const leafPrefix = Uint8Array.of(0);

export class Sha256 {
  readonly #wasm: WasmKernels;
  readonly #memory: HostMemory;
  readonly #stripes: number;
  readonly #chain: number;

  constructor(wasm: WasmKernels, memory: HostMemory) {
    this.#wasm = wasm;
    this.#memory = memory;
    this.#stripes = memory.allocate(LANES * STRIPE);
    this.#chain = memory.allocate(LANES * 32);
  }

  /** SHA-256(prefix ‖ bytes), 32 bytes. */
  digest(bytes: Uint8Array, prefix: Uint8Array = nothing): Uint8Array {
    return this.#digestLanes([bytes], prefix)[0] as Uint8Array;
  }

  /**
   * The leaves of a tensor tree: SHA-256(0x00 ‖ chunk) of each `chunkBytes` long chunk of `bytes`; the last one may be
   * shorter.
   */
  leaves(bytes: Uint8Array, chunkBytes: number): Uint8Array[] {
    const chunks: Uint8Array[] = [];
    for (let start = 0; start < bytes.length; start += chunkBytes) chunks.push(bytes.subarray(start, start + chunkBytes));
    const digests: Uint8Array[] = [];
    while (digests.length < chunks.length) {
      const group = chunks.slice(digests.length, digests.length + LANES);
      const together = group.length === LANES && group.every(({ length }) => length === chunkBytes);
      digests.push(...this.#digestLanes(together ? group : group.slice(0, 1), leafPrefix));
    }
    return digests;
  }

  /** Digests of one message, or of four of equal length. */
  #digestLanes(messages: readonly Uint8Array[], prefix: Uint8Array): Uint8Array[] {
    const lanes = messages.length;
    const length = prefix.length + (messages[0] as Uint8Array).length;
    const padded = Math.ceil((length + 9) / 64) * 64;
    const chain = new DataView(this.#memory.memory.buffer, this.#chain, lanes * 32);
    INITIAL.forEach((word, w) => {
      for (let lane = 0; lane < lanes; lane++) chain.setUint32((w * lanes + lane) * 4, word, true);
    });
    for (let start = 0; start < padded; start += STRIPE) {
      const count = Math.min(STRIPE, padded - start);
      messages.forEach((message, lane) => this.#fill(lane, count, start, prefix, message, length, padded));
      if (lanes === 1) this.#wasm.compress(this.#chain, this.#stripes, count / 64);
      else this.#wasm.compress4(this.#chain, this.#stripes, STRIPE, count / 64);
    }
    return messages.map((_, lane) => readDigest(chain, lane, lanes));
  }

  /** Writes bytes [start, start + count) of the padded message prefix ‖ message ‖ 0x80 ‖ 0… ‖ bit length. */
  #fill(lane: number, count: number, start: number, prefix: Uint8Array, message: Uint8Array, length: number, padded: number): void {
    const target = new Uint8Array(this.#memory.memory.buffer, this.#stripes + lane * STRIPE, count);
    const end = start + count;
    if (end > length) target.fill(0);
    if (start < prefix.length) target.set(prefix.subarray(start, end));
    const from = Math.max(start, prefix.length);
    if (from < Math.min(end, length)) target.set(message.subarray(from - prefix.length, end - prefix.length), from - start);
    if (start <= length && length < end) target[length - start] = 0x80;
    if (end === padded) new DataView(target.buffer, target.byteOffset).setBigUint64(count - 8, BigInt(length) * 8n);
  }
}

function readDigest(chain: DataView, lane: number, lanes: number): Uint8Array {
  const digest = new DataView(new ArrayBuffer(32));
  for (let w = 0; w < 8; w++) digest.setUint32(w * 4, chain.getUint32((w * lanes + lane) * 4, true));
  return new Uint8Array(digest.buffer);
}
