import { describe, expect, it } from 'vitest';
import { CorruptFileError, TruncatedFileError } from './errors.ts';
import { decodeSafetensors, encodeSafetensors } from './safetensors.ts';
import type { TensorFile } from './safetensors.ts';

const floats = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);
const content: TensorFile = {
  tensors: [
    { name: 'dense0.weight', shape: [2, 2], data: floats(1, -2, 0.5, 3e38) },
    { name: 'dense0.bias', shape: [1], data: floats(-0) },
    { name: 'nothing', shape: [0], data: floats() },
  ],
  metadata: { format: 'pt', round: '7' },
};
const file = new Uint8Array(Buffer.concat(encodeSafetensors(content)));
const withHeader = (header: string, body = file.subarray(-20)): Uint8Array => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([bytes, Buffer.from(header), body]);
};

describe('safetensors', () => {
  it('gives back what was written, bit for bit', () => {
    const read = decodeSafetensors(file, 'm');
    expect(read.metadata).toEqual(content.metadata);
    expect(read.tensors.map(({ name, shape, data }) => ({ name, shape, data: [...data] }))).toEqual(
      content.tensors.map(({ name, shape, data }) => ({ name, shape, data: [...data] })),
    );
  });

  it('has the layout of the format: length, padded JSON header, tensors end to end', () => {
    const length = Number(new DataView(file.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
    const header = JSON.parse(Buffer.from(file.subarray(8, 8 + length)).toString()) as Record<string, unknown>;
    expect(header['dense0.bias']).toEqual({ dtype: 'F32', shape: [1], data_offsets: [16, 20] });
    expect(file.length).toBe(8 + length + 20);
  });

  it.each([1, 7, 8, 30, file.length - 1])('says that a file cut to %i bytes is truncated', (length) => {
    expect(() => decodeSafetensors(file.subarray(0, length), 'm')).toThrow(TruncatedFileError);
  });

  it.each([
    ['bytes after the last tensor', Buffer.concat([file, Buffer.from([0])])],
    ['a header of 2^60 bytes', Buffer.concat([Buffer.from([0, 0, 0, 0, 0, 0, 0, 16]), file])],
    ['a header that is no JSON', withHeader('{"a":')],
    ['another element type', withHeader('{"a":{"dtype":"F16","shape":[10],"data_offsets":[0,20]}}')],
    ['a shape that is not its size', withHeader('{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,20]}}')],
    [
      'tensors that overlap',
      withHeader(
        '{"a":{"dtype":"F32","shape":[5],"data_offsets":[0,20]},"b":{"dtype":"F32","shape":[1],"data_offsets":[16,20]}}',
      ),
    ],
  ])('refuses %s', (_what, bytes) => expect(() => decodeSafetensors(bytes, 'm')).toThrow(CorruptFileError));
});
