import { describe, expect, it } from 'vitest';
import { measureInterleaved, summarise } from './measure.ts';
import { formatTable } from './report.ts';

describe('summarise', () => {
  it('gives median, quartiles and minimum', () => {
    expect(summarise('x', [5, 1, 3, 2, 4], 1)).toEqual({
      name: 'x',
      n: 5,
      warmUp: 1,
      median: 3,
      spread: [2, 4],
      minimum: 1,
    });
  });
});

describe('measureInterleaved', () => {
  it('warms every contender up first, then lets them take turns, then closes them', async () => {
    const calls: string[] = [];
    const contender = (name: string) => ({
      name,
      run: () => void calls.push(name),
      close: () => void calls.push(`close ${name}`),
    });
    const samples = await measureInterleaved([contender('a'), contender('b')], { warmUp: 1, runs: 2 });
    expect(calls).toEqual(['a', 'b', 'a', 'b', 'a', 'b', 'close a', 'close b']);
    expect(samples.map(({ name, n }) => [name, n])).toEqual([
      ['a', 2],
      ['b', 2],
    ]);
  });
});

describe('formatTable', () => {
  it('aligns numbers right and words left', () => {
    const lines = formatTable({
      title: 'T',
      columns: ['what', 'ms'],
      rows: [
        ['a', 1.2345],
        ['long', 1234.5],
      ],
    }).split('\n');
    expect(lines).toEqual(['T', 'what    ms', '────  ────', 'a     1.23', 'long  1235']);
  });
});
