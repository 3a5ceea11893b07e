/** Damaged files, drawn from a seed. */

/** A generator of 32-bit words (xorshift32); the same in `fixtures/onnx/make.py`. */
export function wordsFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
}

type Mutation = (bytes: Uint8Array, next: () => number) => Uint8Array;

/** Bytes that lengths, counts and tags turn bad with. */
const BAD_BYTES = [0, 1, 0x7f, 0x80, 0xff, 0x0a, 0x12, 0x22, 0x2a];

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

const mutations: readonly Mutation[] = [
  (bytes, next) => bytes.slice(0, next() % bytes.length),
  (bytes, next) => {
    const copy = bytes.slice();
    copy[next() % copy.length]! ^= 1 << (next() % 8);
    return copy;
  },
  (bytes, next) => {
    const copy = bytes.slice();
    copy[next() % copy.length] = BAD_BYTES[next() % BAD_BYTES.length]!;
    return copy;
  },
  // A varint of 2⁶³ − 1 in the place of whatever stood there.
  (bytes, next) => {
    const copy = bytes.slice();
    const at = next() % copy.length;
    copy.set([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f].slice(0, copy.length - at), at);
    return copy;
  },
  // A stretch of the file again, or left out: nodes twice, names gone.
  (bytes, next) => {
    const [from, length] = [next() % bytes.length, 1 + (next() % 64)];
    const to = next() % bytes.length;
    return joined(bytes.subarray(0, to), bytes.subarray(from, from + length), bytes.subarray(to));
  },
  (bytes, next) => {
    const [from, length] = [next() % bytes.length, 1 + (next() % 64)];
    return joined(bytes.subarray(0, from), bytes.subarray(from + length));
  },
];

/** One to four mutations of `bytes`, decided by `next`. */
export function mutate(bytes: Uint8Array, next: () => number): Uint8Array {
  let result = bytes;
  for (let count = 1 + (next() % 4); count > 0 && result.length > 0; count--)
    result = mutations[next() % mutations.length]!(result, next);
  return result;
}
