import { describe, expect, it } from 'vitest';
import { measureRounds, ratioOf, scheduleOf, summaryOf } from './rounds.ts';

const options = { budgetMillis: 1000, leastRounds: 3, mostRounds: 30, settleMillis: 0 };

describe('summaryOf', () => {
  it('gives median, quartiles and minimum', () => {
    expect(summaryOf([5, 1, 3, 2, 4])).toEqual({ n: 5, median: 3, spread: [2, 4], minimum: 1 });
  });
});

describe('scheduleOf', () => {
  it('repeats short runs within a block and runs long ones once', () => {
    expect(scheduleOf([1, 30, 500], options).blocks).toEqual([5, 2, 1]);
  });

  it('spends the budget, within the bounds on rounds', () => {
    expect(scheduleOf([10], options).rounds).toBe(20);
    expect(scheduleOf([0.1], options).rounds).toBe(30);
    expect(scheduleOf([10_000], options).rounds).toBe(3);
  });
});

describe('measureRounds', () => {
  it('lets contenders take turns, backwards every second round, with an untimed run before a block of short ones', async () => {
    const calls: string[] = [];
    const contender = (name: string, millis: number) => ({
      name,
      run: async () => {
        calls.push(name);
        return millis;
      },
    });
    const contenders = [contender('a', 100), contender('b', 40)];
    const samples = await measureRounds(contenders, [100, 40], { ...options, mostRounds: 2, leastRounds: 2 });
    expect(calls.join('')).toBe('abbbbbba');
    expect(samples.map(({ name, n, median, rounds }) => [name, n, median, rounds])).toEqual([
      ['a', 2, 100, [100, 100]],
      ['b', 4, 40, [40, 40]],
    ]);
  });
});

describe('ratioOf', () => {
  it('compares round by round, so that a slow minute cancels out', () => {
    const sample = (rounds: number[]) => ({ name: '', ...summaryOf(rounds), rounds });
    expect(ratioOf(sample([2, 20, 200]), sample([1, 10, 100]))).toMatchObject({ median: 2, spread: [2, 2] });
  });
});
