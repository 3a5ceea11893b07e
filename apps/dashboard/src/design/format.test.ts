import { describe, expect, it } from 'vitest';
import * as format from './format.ts';

const plain = (text: string): string => text.replaceAll('\u202f', ' ');

describe('numbers', () => {
  it.each([
    [0, '0'],
    [0.08312, '0.0831'],
    [4.123, '4.12'],
    [41.23, '41.2'],
    [912.4, '912'],
    [12_345.6, '12346'],
    [0.000_000_8, '8.00e−7'],
  ])('figure(%d) = %s', (value, text) => expect(format.figure(value)).toBe(text));

  it.each([
    [912, '912'],
    [41_234, '41.2 k'],
    [999_999, '1.00 M'],
    [3_400_000, '3.40 M'],
  ])('compact(%d) = %s', (value, text) => expect(plain(format.compact(value))).toBe(text));

  it('gives bytes in powers of a thousand', () => {
    expect(plain(format.bytes(0))).toBe('0 B');
    expect(plain(format.bytes(5_357_648))).toBe('5.36 MB');
  });

  it.each([
    [0, '0 s'],
    [45, '45 s'],
    [60, '1 min'],
    [8040, '2 h 14 min'],
    [86_400 * 3 + 61, '3 d'],
    [-4, '0 s'],
  ])('duration(%d) = %s', (seconds, text) => expect(plain(format.duration(seconds))).toBe(text));

  it.each([
    [0, '0 ms'],
    [3.21, '3.2 ms'],
    [840, '840 ms'],
    [1240, '1.24 s'],
    [125_000, '2 min 5 s'],
  ])('milliseconds(%d) = %s', (value, text) => expect(plain(format.milliseconds(value))).toBe(text));

  it('takes a time ahead of this clock as now', () => {
    expect(format.ago(2000, 1000)).toBe('just now');
    expect(plain(format.ago(0, 12_000))).toBe('12 s ago');
  });
});

describe('amounts of tokens', () => {
  it('are exact, grouped and cut, never rounded up', () => {
    expect(format.tokens('1234500000000000000000', 18)).toBe('1,234.5');
    expect(format.tokens('999999999999999999', 18, 2)).toBe('0.99');
    expect(format.tokens('123456789012345678901234567890', 6, 6)).toBe('123,456,789,012,345,678,901,234.56789');
    expect(format.tokens('7', 0)).toBe('7');
    expect(format.tokens('-1500000', 6)).toBe('−1.5');
  });

  it('have two places in a column', () => {
    expect(format.amount('1230000', 6)).toBe('1.23');
    expect(format.amount('5', 0)).toBe('5.00');
    expect(format.amount('', 6)).toBe(format.NOTHING);
  });

  it('say nothing about what is no amount', () => expect(format.tokens('1e3', 18)).toBe(format.NOTHING));
});

describe('lists of numbers', () => {
  it('are read as ranges, and cut', () => {
    expect(format.ranges([5, 3, 4, 9])).toBe('3–5, 9');
    expect(format.ranges([1, 3, 5, 7], 2)).toBe('1, 3, …');
    expect(format.ranges([])).toBe('');
  });
});
