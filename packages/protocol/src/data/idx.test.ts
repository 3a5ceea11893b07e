import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataFormatError } from './errors.ts';
import { parseIdx } from './idx.ts';

/** An IDX file with any header. */
function idx(shape: readonly number[], values: ArrayLike<number>, type = 8): Uint8Array {
  const header = new DataView(new ArrayBuffer(4 + shape.length * 4));
  header.setUint8(2, type);
  header.setUint8(3, shape.length);
  shape.forEach((side, axis) => header.setUint32(4 + axis * 4, side));
  return Uint8Array.from([...new Uint8Array(header.buffer), ...Array.from(values)]);
}

describe('parseIdx', () => {
  it('reads shape and elements, also from the middle of a buffer', () => {
    const file = idx([2, 1, 3], [1, 2, 3, 4, 5, 6]);
    const padded = new Uint8Array(file.length + 7);
    padded.set(file, 7);
    expect(parseIdx(padded.subarray(7), 'f')).toEqual({ shape: [2, 1, 3], values: Uint8Array.of(1, 2, 3, 4, 5, 6) });
  });

  it.each([
    ['an empty file', new Uint8Array(), 'does not begin with two zero bytes'],
    ['another format', new TextEncoder().encode('PK\x03\x04 and more'), 'does not begin with two zero bytes'],
    ['floats', idx([1], [0, 0, 0, 0], 0x0d), 'holds f32'],
    ['an unknown type', idx([1], [0], 0x55), 'unknown type 85'],
    ['no dimensions', idx([], []), 'has 0 dimensions'],
    ['too many dimensions', idx([1, 1, 1, 1, 1], [0]), 'has 5 dimensions'],
    ['a cut header', idx([2, 2], []).subarray(0, 9), 'ends within its header'],
    ['a dimension of zero', idx([0, 28], []), 'is empty'],
    ['too few elements', idx([2, 2], [1, 2, 3]), 'says 2×2 = 4 bytes, but 3 follow'],
    ['trailing bytes', idx([2, 2], [1, 2, 3, 4, 5]), 'says 2×2 = 4 bytes, but 5 follow'],
    ['a product beyond any file', idx([0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff], [1]), 'but 1 follow'],
  ])('refuses %s', (_, bytes, reason) => {
    expect(() => parseIdx(bytes, 'images.idx')).toThrow(DataFormatError);
    expect(() => parseIdx(bytes, 'images.idx')).toThrow(reason);
    expect(() => parseIdx(bytes, 'images.idx')).toThrow('images.idx');
  });

  it('answers any bytes with a tensor that fits them or with its own error', () => {
    const header = fc
      .tuple(fc.constantFrom(0, 0, 0, 1), fc.constant(0), fc.constantFrom(8, 8, 9, 13), fc.nat(6))
      .map((parts) => [...parts]);
    const arbitrary = fc
      .tuple(header, fc.uint8Array({ maxLength: 64 }))
      .map(([start, rest]) => Uint8Array.from([...start, ...rest]));
    const answer = (bytes: Uint8Array): boolean => {
      try {
        const { shape, values } = parseIdx(bytes, 'f');
        return shape.reduce((product, side) => product * side, 1) === values.length;
      } catch (error) {
        return error instanceof DataFormatError;
      }
    };
    fc.assert(
      fc.property(arbitrary, (bytes) => {
        expect(answer(bytes)).toBe(true);
      }),
      { seed: 1, numRuns: 2000 },
    );
  });
});
