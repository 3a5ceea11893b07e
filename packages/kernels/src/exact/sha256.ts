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

/** Leaf hashes of a tensor tree begin with this byte. */
const leafPrefix = Uint8Array.of(0);

/** A message in parts that follow one another. */
type Message = readonly Uint8Array[];

const lengthOf = (message: Message): number => message.reduce((sum, part) => sum + part.length, 0);

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

  /** The SHA-256 of the parts one after the other, 32 bytes. */
  digest(...message: Uint8Array[]): Uint8Array {
    return this.#digestLanes([message])[0] as Uint8Array;
  }

  /**
   * The leaves of a tensor tree: SHA-256(0x00 ‖ chunk) of each `chunkBytes` long chunk of `bytes`; the last one may be
   * shorter.
   */
  leaves(bytes: Uint8Array, chunkBytes: number): Uint8Array[] {
    const chunks: Uint8Array[] = [];
    for (let start = 0; start < bytes.length; start += chunkBytes)
      chunks.push(bytes.subarray(start, start + chunkBytes));
    const digests: Uint8Array[] = [];
    while (digests.length < chunks.length) {
      const group = chunks.slice(digests.length, digests.length + LANES);
      const together = group.length === LANES && group.every(({ length }) => length === chunkBytes);
      digests.push(...this.#digestLanes((together ? group : group.slice(0, 1)).map((chunk) => [leafPrefix, chunk])));
    }
    return digests;
  }

  /** Digests of one message, or of four of equal length. */
  #digestLanes(messages: readonly Message[]): Uint8Array[] {
    const lanes = messages.length;
    const length = lengthOf(messages[0] as Message);
    const padded = Math.ceil((length + 9) / 64) * 64;
    const chain = new DataView(this.#memory.memory.buffer, this.#chain, lanes * 32);
    INITIAL.forEach((word, w) => {
      for (let lane = 0; lane < lanes; lane++) chain.setUint32((w * lanes + lane) * 4, word, true);
    });
    for (let start = 0; start < padded; start += STRIPE) {
      const count = Math.min(STRIPE, padded - start);
      messages.forEach((message, lane) => fillPadded(this.#stripe(lane, count), message, length, start, padded));
      if (lanes === 1) this.#wasm.compress(this.#chain, this.#stripes, count / 64);
      else this.#wasm.compress4(this.#chain, this.#stripes, STRIPE, count / 64);
    }
    return messages.map((_, lane) => readDigest(chain, lane, lanes));
  }

  #stripe(lane: number, count: number): Uint8Array {
    return new Uint8Array(this.#memory.memory.buffer, this.#stripes + lane * STRIPE, count);
  }
}

/** Writes `target.length` bytes from `start` on of the padded message: message ‖ 0x80 ‖ 0… ‖ length in bits. */
function fillPadded(target: Uint8Array, message: Message, length: number, start: number, padded: number): void {
  const end = start + target.length;
  if (end > length) target.fill(0);
  let at = 0;
  for (const part of message) {
    const [from, to] = [Math.max(start, at), Math.min(end, at + part.length)];
    if (from < to) target.set(part.subarray(from - at, to - at), from - start);
    at += part.length;
  }
  if (start <= length && length < end) target[length - start] = 0x80;
  if (end === padded)
    new DataView(target.buffer, target.byteOffset).setBigUint64(target.length - 8, BigInt(length) * 8n);
}

function readDigest(chain: DataView, lane: number, lanes: number): Uint8Array {
  const digest = new DataView(new ArrayBuffer(32));
  for (let w = 0; w < 8; w++) digest.setUint32(w * 4, chain.getUint32((w * lanes + lane) * 4, true));
  return new Uint8Array(digest.buffer);
}
