/** Safetensors files with damage that is the same for one seed. */
import { generator } from '../exact/reference.testing.ts';

type Mutation = (bytes: Buffer, below: (limit: number) => number) => Buffer;
const WORDS = [
  '1000000000',
  '-1',
  '9999999999999999999',
  '"F16"',
  '{',
  '[',
  '"',
  '}',
  '\\u0000',
  'null',
  '__metadata__',
];

/** What a fuzzer does to a file: bits, cuts, insertions, repetitions, other numbers and names in the header. */
const mutations: readonly Mutation[] = [
  (bytes, below) => {
    const at = below(bytes.length);
    bytes[at] = bytes[at]! ^ (1 << below(8));
    return bytes;
  },
  (bytes, below) => bytes.subarray(0, below(bytes.length)),
  (bytes, below) => {
    const at = below(bytes.length);
    return Buffer.concat([bytes.subarray(0, at), Buffer.from([below(256)]), bytes.subarray(at)]);
  },
  (bytes, below) => {
    const [from, at] = [below(bytes.length), below(bytes.length)];
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(from, from + below(64)), bytes.subarray(at)]);
  },
  (bytes, below) => {
    const at = 8 + below(bytes.length - 8);
    return Buffer.concat([bytes.subarray(0, at), Buffer.from(WORDS[below(WORDS.length)]!), bytes.subarray(at)]);
  },
  (bytes, below) => {
    bytes[below(8)] = below(256);
    return bytes;
  },
  (bytes, below) => {
    const header = bytes.subarray(0, 8 + bytes.readUInt32LE());
    const digits = [...header.keys()].filter((at) => at > 8 && header[at]! >= 0x30 && header[at]! <= 0x39);
    const at = digits[below(digits.length)];
    if (at !== undefined) bytes[at] = 0x30 + below(10);
    return bytes;
  },
];

/** The header's length made true again, so that mutations reach what lies behind it. */
function relength(bytes: Buffer): Buffer {
  const end = bytes.lastIndexOf('}}') + 2;
  if (bytes.length >= 8 && end > 8) bytes.writeBigUInt64LE(BigInt(end - 8));
  return bytes;
}

/** `count` damaged copies of a file. */
export function* mutatedFiles(original: Uint8Array, count: number, seed: number): Generator<Buffer> {
  const random = generator(seed);
  const below = (limit: number): number => Math.floor(random() * Math.max(limit, 1));
  for (let run = 0; run < count; run++) {
    let bytes: Buffer = Buffer.from(original);
    for (let times = 1 + below(3); times > 0; times--) {
      if (bytes.length > 8) bytes = Buffer.from(mutations[below(mutations.length)]!(bytes, below));
    }
    yield below(2) === 0 ? relength(bytes) : bytes;
  }
}
