/** Rendered kernels, bit for bit against the interpreter that defines what an expression means. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as e from '../../canonical/build.ts';
import type { Expr } from '../../canonical/expression.ts';
import { FLUSH_LIMIT } from '../../canonical/flush.ts';
import { interpretMap } from '../../canonical/interpret.ts';
import { runMap } from './map-kernel.testing.ts';

type Numbers = Float32Array | Int32Array;
const seed = 20_261_122;

const floats = (count: number, salt = 0): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => {
    const x = Math.fround(Math.sin(i * 12.9898 + salt) * 4);
    return Math.abs(x) < FLUSH_LIMIT ? 0 : x;
  });
const ids = (count: number, below: number): Int32Array =>
  Int32Array.from({ length: count }, (_, i) => (i * 7 + 3) % below);
const bitsOf = (values: Numbers): Int32Array => new Int32Array(values.buffer, values.byteOffset, values.length);

/** Bits of what is rendered and of what is defined. */
function both(shape: readonly number[], value: Expr, operands: readonly Numbers[]): readonly [Int32Array, Int32Array] {
  const call = { shape, value };
  return [bitsOf(runMap(call, operands)), bitsOf(interpretMap(call, operands))];
}

const [rows, width] = [5, 23];
const matrix = [rows, width];
const here = e.load(0, e.indexOf(matrix, [e.axis(0), e.axis(1)]));
const rowLoad = (operand: number, i: Expr) => e.load(operand, e.add(e.multiply(e.axis(0), e.size(width)), i));
const rowSum = e.sum(e.size(width), (i) => rowLoad(0, i));
const rowMax = e.maximumOver(e.size(width), (i) => rowLoad(0, i));
const one = floats(rows * width);

describe('a rendered map kernel', () => {
  const cases: Readonly<Record<string, readonly [shape: readonly number[], value: Expr, ...operands: Numbers[]]>> = {
    copies: [matrix, here, one],
    'is a constant': [[7], e.float(3)],
    'is a constant integer of rank 0': [[], e.int(-3)],
    'is a coordinate': [[3, 9], e.add(e.multiply(e.axis(0), e.int(100)), e.axis(1))],
    broadcasts: [
      [4, 3, 6],
      e.add(e.load(0, e.broadcastIndex([3, 1], [4, 3, 6])), e.load(1, e.broadcastIndex([4, 1, 6], [4, 3, 6]))),
      floats(3),
      floats(24, 1),
    ],
    transposes: [[width, rows], e.load(0, e.indexOf(matrix, [e.axis(1), e.axis(0)])), one],
    reverses: [[9], e.load(0, e.subtract(e.size(8), e.axis(0))), floats(9)],
    'gathers by ids': [
      [11, 5],
      e.load(1, e.indexOf([7, 5], [e.loadInt(0, e.axis(0)), e.axis(1)])),
      ids(11, 7),
      floats(35),
    ],
    'gathers along columns': [[11], e.load(1, e.loadInt(0, e.axis(0))), ids(11, 7), floats(7)],
    'sums rows': [[rows, 1], rowSum, one],
    'sums columns': [[width], e.sum(e.size(rows), (i) => e.load(0, e.indexOf(matrix, [i, e.axis(0)]))), one],
    'sums everything': [[1], e.sum(e.size(rows * width), (i) => e.load(0, i)), one],
    'sums nothing': [[3], e.sum(e.size(0), (i) => e.load(0, i)), one],
    'centres rows': [matrix, e.subtract(here, e.multiply(rowSum, e.float(1 / width))), one],
    'subtracts the largest of a row': [matrix, e.subtract(here, rowMax), one],
    'takes the place of the largest': [
      [rows],
      e.loop(e.size(width), [e.float(-Infinity), e.int(-1)], (i, [best = e.float(0), at = e.int(0)]) => {
        const next = rowLoad(0, i);
        return [e.select(e.less(best, next), next, best), e.select(e.less(best, next), i, at)];
      })[1]!,
      one,
    ],
    'sums a triangle': [[rows, width], e.sum(e.add(e.axis(1), e.int(1)), (i) => rowLoad(0, i)), one],
    'sums a triangle of rows': [[width], e.sum(e.add(e.axis(0), e.int(1)), (i) => e.load(0, i)), one],
    masks: [
      matrix,
      e.select(
        e.and(e.lessOrEqual(e.axis(1), e.multiply(e.axis(0), e.int(4))), e.not(e.equal(e.axis(1), e.int(2)))),
        here,
        e.float(-1),
      ),
      one,
    ],
    'reads where it may': [
      [width + 4],
      e.loadWhere(
        e.and(e.lessOrEqual(e.int(2), e.axis(0)), e.less(e.axis(0), e.size(width + 2))),
        0,
        e.subtract(e.axis(0), e.int(2)),
      ),
      one,
    ],
    'divides coordinates': [
      [6, 10],
      e.load(0, e.add(e.divideInt(e.axis(1), e.size(3)), e.remainder(e.axis(1), e.size(3)))),
      floats(9),
    ],
    'nests sums': [
      [3, 7],
      e.sum(e.size(4), (i) => e.sum(e.size(5), (j) => e.load(0, e.add(e.multiply(i, e.size(7)), e.add(e.axis(1), j))))),
      floats(40),
    ],
    'nests sums along the inner one': [
      [6],
      e.sum(e.size(9), (i) =>
        e.sum(e.size(10), (j) => e.load(0, e.add(e.multiply(i, e.size(10)), e.add(e.axis(0), j)))),
      ),
      floats(120),
    ],
    'multiplies rows by columns': [
      [rows, 3],
      e.sum(e.size(width), (i) => e.multiply(rowLoad(0, i), e.load(1, e.indexOf([width, 3], [i, e.axis(1)])))),
      one,
      floats(width * 3),
    ],
    'sums what a loop makes': [
      [9],
      e.sum(
        e.size(11),
        (i) =>
          e.loop(e.size(3), [e.load(0, i)], (j, [x = e.float(0)]) => [
            e.add(e.multiply(x, e.toFloat(j)), e.load(0, e.axis(0))),
          ])[0]!,
      ),
      floats(11),
    ],
    'plays with bits': [
      [21],
      e.fromBits(e.xor(e.bits(e.absolute(e.load(0, e.axis(0)))), e.shiftLeft(e.int(1), e.int(22)))),
      floats(21),
    ],
    'shifts by lanes': [
      [9],
      e.add(
        e.shiftRight(e.subtract(e.int(3), e.shiftLeft(e.axis(0), e.int(20))), e.axis(0)),
        e.shiftRightLogical(e.int(-1), e.axis(0)),
      ),
    ],
    compares: [
      [width],
      e.select(
        e.or(e.less(e.load(0, e.axis(0)), e.float(-1)), e.lessUnsigned(e.int(-1), e.axis(0))),
        e.truncate(e.load(0, e.axis(0))),
        e.bits(e.negate(e.load(0, e.axis(0)))),
      ),
      floats(width),
    ],
    'keeps NaN and infinity': [
      [5],
      e.add(e.load(0, e.axis(0)), e.float(1)),
      Float32Array.of(Number.NaN, Infinity, -Infinity, 1, -1),
    ],
    flushes: [[6], e.load(0, e.axis(0)), Float32Array.of(-0, FLUSH_LIMIT, FLUSH_LIMIT / 2, -FLUSH_LIMIT, 2 ** -51, 1)],
    'has axes of one element': [
      [1, rows, 1, width, 1],
      e.load(0, e.indexOf([1, rows, 1, width, 1], [0, 1, 2, 3, 4].map(e.axis))),
      one,
    ],
  };

  it.each(Object.keys(cases))('%s', (name) => {
    const [shape, value, ...operands] = cases[name]!;
    const [rendered, defined] = both(shape, value, operands);
    expect(rendered).toEqual(defined);
  });

  it('computes the part that it is asked for', () => {
    const part = runMap({ shape: matrix, value: here }, [one], [1, 3, 4, 11]);
    const inside = (i: number) =>
      Math.floor(i / width) >= 1 && Math.floor(i / width) < 3 && i % width >= 4 && i % width < 11;
    expect(part).toEqual(one.map((value, i) => (inside(i) ? value : 0)));
  });

  it('equals the interpreter for random expressions', () => {
    const operators = [
      'add',
      'subtract',
      'multiply',
      'maximum',
      'masked',
      'total',
      'turns',
      'triangle',
      'window',
      'guarded',
    ] as const;
    const steps = fc.array(fc.tuple(fc.constantFrom(...operators), fc.nat(3)), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 13 }), fc.integer({ min: 1, max: 19 }), (chain, height, length) => {
        const operands = [floats(height * length), floats(length, 9)];
        const [rendered, defined] = both([height, length], randomValue(chain, height, length), operands);
        expect(rendered).toEqual(defined);
      }),
      { seed, numRuns: 250 },
    );
  });
});

/** A value built by a chain of steps over what is there already; some of it in rows, some in columns, some in loops. */
function randomValue(chain: readonly (readonly [string, number])[], height: number, length: number): Expr {
  const cell = (column: Expr) => e.load(0, e.indexOf([height, length], [e.axis(0), column]));
  const values: Expr[] = [cell(e.axis(1)), e.load(1, e.axis(1)), cell(e.int(0)), e.toFloat(e.axis(1))];
  for (const [step, pick] of chain) {
    const [a, b] = [values.at(-1), values[pick % values.length]!];
    const makers: Readonly<Record<string, () => Expr>> = {
      add: () => e.add(a, b),
      subtract: () => e.subtract(a, b),
      multiply: () => e.flush(e.multiply(a, e.multiply(b, e.float(0.25)))),
      maximum: () => e.maximum(a, b),
      masked: () => e.select(e.less(e.axis(pick % 2), e.int(pick)), a, b),
      total: () => e.sum(e.size(length), (i) => e.add(e.multiply(cell(i), e.float(0.5)), b)),
      turns: () => e.loop(e.int(pick), [a], (i, [x = a]) => [e.add(e.multiply(x, e.float(0.5)), e.toFloat(i))])[0]!,
      window: () =>
        e.sum(e.size(pick + 2), (tap) => {
          const at = e.subtract(e.add(e.axis(1), e.remainder(tap, e.size(2))), e.divideInt(tap, e.size(2)));
          return e.loadWhere(e.and(e.lessOrEqual(e.int(0), at), e.less(at, e.size(length))), 1, at, b);
        }),
      guarded: () => {
        const at = e.subtract(e.multiply(e.axis(1), e.int(pick)), e.int(3));
        const inside = e.and(e.less(e.int(-1), at), e.less(at, e.size(length)));
        const safe = e.select(inside, at, e.int(0));
        return e.select(e.and(inside, e.less(e.load(1, safe), e.float(1))), e.load(1, safe), a);
      },
      triangle: () =>
        e.sum(e.add(e.axis(pick % 2), e.int(1)), (i) => e.add(e.load(1, e.remainder(i, e.size(length))), a)),
    };
    values.push(makers[step]!());
  }
  return values.at(-1);
}
