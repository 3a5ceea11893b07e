import { describe, expect, it } from 'vitest';
import { decodeSafetensors, encodeSafetensors, SafetensorsError, tensorFloats, type TensorFile } from './index.ts';
import { mutatedFiles } from './mutate.testing.ts';

const floats = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);
const content: TensorFile = {
  tensors: [
    { name: 'dense0.weight', shape: [2, 2], data: floats(1, -2, 0.5, 3e38) },
    { name: 'dense0.bias', shape: [1], data: floats(-0) },
    { name: 'nothing', shape: [0], data: floats() },
    { name: 'scalar', shape: [], data: floats(7) },
    { name: '7 "quoted" π', shape: [1], data: floats(8) },
  ],
  metadata: { format: 'pt', round: '7' },
};
const file = new Uint8Array(Buffer.concat(encodeSafetensors(content)));
const withHeader = (header: string | Uint8Array, body: Uint8Array = new Uint8Array(20)): Uint8Array => {
  const bytes = Buffer.alloc(8);
  const text = typeof header === 'string' ? Buffer.from(header) : header;
  bytes.writeBigUInt64LE(BigInt(text.length));
  return new Uint8Array(Buffer.concat([bytes, text, body]));
};
const entry = (dtype: string, shape: readonly number[], from: number, to: number): string =>
  JSON.stringify({ dtype, shape, data_offsets: [from, to] });

describe('safetensors', () => {
  it('gives back what was written, bit for bit', () => {
    const read = decodeSafetensors(file, 'm');
    expect(read.metadata).toEqual(content.metadata);
    expect(read.tensors.map(({ name, dtype, shape, data }) => ({ name, dtype, shape, data: [...data] }))).toEqual(
      content.tensors.map(({ name, shape, data }) => ({ name, dtype: 'F32', shape, data: [...data] })),
    );
  });

  it('has the layout of the format: length, padded JSON header, tensors end to end', () => {
    const length = Number(new DataView(file.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
    const header = JSON.parse(Buffer.from(file.subarray(8, 8 + length)).toString()) as Record<string, unknown>;
    expect(header['dense0.bias']).toEqual({ dtype: 'F32', shape: [1], data_offsets: [16, 20] });
    expect(file.length).toBe(8 + length + 28);
  });

  it('reads tensors in the order of their bytes, whatever the order of their names', () => {
    const header = `{"b":${entry('F32', [4], 4, 20)} , "a" : ${entry('F32', [1], 0, 4)}}  `;
    expect(decodeSafetensors(withHeader(header), 'm').tensors.map(({ name }) => name)).toEqual(['a', 'b']);
  });

  it('reads half precision and bfloat16 exactly, at any alignment', () => {
    const halves = [0x3c00, 0xc000, 0x0001, 0x03ff, 0x0400, 0x7bff, 0x7c00, 0xfc00, 0x8000, 0x7e00];
    const brains = [0x3f80, 0xc000, 0x0001, 0x7f80, 0x7fc0];
    const words = new Uint8Array(Uint16Array.from([...halves, ...brains]).buffer);
    const header = `{"h":${entry('F16', [10], 0, 20)},"b":${entry('BF16', [5], 20, 30)}}`;
    for (const padding of ['', ' ']) {
      const [h, b] = decodeSafetensors(withHeader(header + padding, words), 'm').tensors;
      expect([...tensorFloats(h!, 'm')]).toEqual([
        1,
        -2,
        2 ** -24,
        1023 * 2 ** -24,
        2 ** -14,
        65504,
        Infinity,
        -Infinity,
        -0,
        Number.NaN,
      ]);
      expect([...tensorFloats(b!, 'm')]).toEqual([1, -2, 2 ** -133, Infinity, Number.NaN]);
    }
  });

  it('names the tensor whose elements are no floats', () => {
    const { tensors } = decodeSafetensors(withHeader(`{"ids":${entry('I32', [5], 0, 20)}}`), 'm');
    expect(() => tensorFloats(tensors[0]!, 'm')).toThrow('m, tensor "ids": I32 is not one of F32, F16, BF16');
  });
});

describe('a file that is not what it says', () => {
  it.each([0, 1, 7, 8, 30, file.length - 1])('cut to %i bytes is truncated', (length) => {
    expect(() => decodeSafetensors(file.subarray(0, length), 'm')).toThrow(
      expect.objectContaining({ code: 'SAFETENSORS', truncated: true }) as Error,
    );
  });

  const deep = '{"a":'.repeat(100_000);
  it.each<[string, Uint8Array, RegExp]>([
    ['bytes after the last tensor', Buffer.concat([file, Buffer.from([0])]), /the file: 1 bytes follow/],
    [
      'a header of 2⁶⁰ bytes',
      Buffer.concat([Buffer.from([0, 0, 0, 0, 0, 0, 0, 16]), file]),
      /the header: it claims 1152/,
    ],
    ['a header that is no JSON', withHeader('{"a":'), /character 5 of the header: "\{" belongs there/],
    ['a header that begins with a space', withHeader(' {}'), /begins with/],
    ['something after the header', withHeader('{} {}'), /closing brace/],
    ['a header that is not UTF-8', withHeader(Buffer.from([0x7b, 0xff, 0x7d])), /the header: it is not UTF-8/],
    ['deep nesting', withHeader(deep), /tensor "a", character 10 .*unknown field|tensor "a".*unknown field "a"/],
    ['an unknown dtype', withHeader(`{"a":${entry('F31', [5], 0, 20)}}`), /tensor "a".*unknown dtype "F31"/],
    ['a dtype that is no string', withHeader('{"a":{"dtype":32}}'), /a string belongs there/],
    ['a missing field', withHeader('{"a":{"dtype":"F32","shape":[5]}}'), /two data_offsets/],
    ['three offsets', withHeader('{"a":{"dtype":"F32","shape":[5],"data_offsets":[0,20,20]}}'), /two data_offsets/],
    ['a field given twice', withHeader('{"a":{"shape":[5],"shape":[5]}}'), /"shape" stands there twice/],
    [
      'a name given twice',
      withHeader(`{"a":${entry('F32', [0], 0, 0)},"a":${entry('F32', [5], 0, 20)}}`),
      /"a" stands/,
    ],
    ['a name twice in other spelling', withHeader(`{"a":${entry('F32', [0], 0, 0)},"\\u0061":1}`), /"a" stands there/],
    ['a negative size', withHeader('{"a":{"shape":[-5]}}'), /whole number/],
    ['a fractional size', withHeader('{"a":{"shape":[1.5]}}'), /"]" belongs there/],
    ['a size above 2⁵³', withHeader('{"a":{"shape":[9007199254740992]}}'), /whole number/],
    ['a size with an exponent', withHeader('{"a":{"shape":[1e9]}}'), /"]" belongs there/],
    ['17 axes', withHeader(`{"a":{"shape":[${Array<number>(17).fill(1)}]}}`), /more than 16/],
    ['a shape that is not its bytes', withHeader(`{"a":${entry('F32', [4], 0, 20)}}`), /takes 16 bytes/],
    ['10⁹ elements', withHeader(`{"a":${entry('F32', [1e9], 0, 4e9)}}`), /tensor "a": it is truncated/],
    ['10⁹ elements in 20 bytes', withHeader(`{"a":${entry('F32', [1e9], 0, 20)}}`), /takes 4000000000 bytes/],
    ['a size that overflows', withHeader(`{"a":${entry('F32', [2 ** 40, 2 ** 40], 0, 20)}}`), /more than 2⁵³ bits/],
    ['offsets in reverse', withHeader(`{"a":${entry('F32', [5], 20, 0)}}`), /offsets are \[20,0\]/],
    [
      'overlap',
      withHeader(`{"a":${entry('F32', [5], 0, 20)},"b":${entry('F32', [1], 16, 20)}}`),
      /"b": it begins at 16/,
    ],
    ['a gap', withHeader(`{"a":${entry('F32', [1], 0, 4)},"b":${entry('F32', [3], 8, 20)}}`), /"b": 4 bytes before/],
    ['metadata that are no strings', withHeader('{"__metadata__":{"a":1}}'), /a string belongs there/],
    ['half a byte', withHeader(`{"a":${entry('F4', [5], 0, 2)}}`), /takes 2.5 bytes/],
  ])('is refused for %s', (_what, bytes, problem) => {
    expect(() => decodeSafetensors(bytes, 'm')).toThrow(SafetensorsError);
    expect(() => decodeSafetensors(bytes, 'm')).toThrow(problem);
  });

  it.each<[string, TensorFile['tensors'], RegExp]>([
    ['two tensors of one name', [content.tensors[1]!, content.tensors[1]!], /its name is taken/],
    ['the format’s own name', [{ name: '__metadata__', shape: [], data: floats(1) }], /its name is taken/],
    ['too few bytes', [{ name: 'a', shape: [2], data: floats(1) }], /does not take the 4 bytes/],
    ['a broken shape', [{ name: 'a', shape: [-1], data: floats(1) }], /not a shape/],
  ])('is not written from %s', (_what, tensors, problem) => {
    expect(() => encodeSafetensors({ tensors, metadata: {} })).toThrow(problem);
  });
});

describe('20,000 mutated files', () => {
  it('are read whole or refused by name, and nothing else', () => {
    const wrong: string[] = [];
    let refused = 0;
    for (const bytes of mutatedFiles(file, 20_000, 20_261)) {
      try {
        const { tensors } = decodeSafetensors(bytes, 'm');
        const length = Number(bytes.readBigUInt64LE());
        if (tensors.reduce((sum, { data }) => sum + data.length, 8 + length) !== bytes.length)
          wrong.push(bytes.toString('base64'));
      } catch (error) {
        if (!(error instanceof SafetensorsError)) throw error;
        if (error.message.length > 1000) wrong.push(error.message);
        refused++;
      }
    }
    expect(wrong).toEqual([]);
    expect(refused).toBeGreaterThan(10_000);
    expect(refused).toBeLessThan(20_000);
  });
});
