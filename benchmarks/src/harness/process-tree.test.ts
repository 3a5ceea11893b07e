import { describe, expect, it } from 'vitest';
import { parseStat, treeSeconds } from './process-tree.ts';

const stat = (pid: number, command: string, parent: number, times: readonly number[]): string =>
  `${pid} (${command}) S ${parent} 1 1 0 -1 4194304 1 2 3 4 ${times.join(' ')} 20 0 1 0 100 200 300`;

describe('parseStat', () => {
  it('reads parent and times whatever the command is called', () => {
    expect(parseStat(stat(42, 'a) S 7 (b', 7, [100, 50, 20, 30]))).toEqual({ pid: 42, parent: 7, seconds: 2 });
  });
});

describe('treeSeconds', () => {
  it('sums a process and its descendants, and nobody else', () => {
    const processes = [
      { pid: 1, parent: 0, seconds: 1000 },
      { pid: 2, parent: 1, seconds: 1 },
      { pid: 3, parent: 2, seconds: 2 },
      { pid: 4, parent: 3, seconds: 4 },
      { pid: 5, parent: 1, seconds: 500 },
    ];
    expect(treeSeconds(2, processes)).toBe(7);
    expect(treeSeconds(9, processes)).toBe(0);
  });
});
