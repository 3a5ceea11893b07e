/**
 * Interleaved measurement of work that is short and steady (`measure.ts` times whole calls of anything). Contenders take turns in short blocks: each waits until the one before has settled (spinning
 * threads, clock speeds), works once untimed, then a few times timed. A noisy minute hurts all of them alike, and ratios
 * are taken round by round.
 */
import { setTimeout } from 'node:timers/promises';

/** One thing to be timed. */
export interface RoundContender {
  readonly name: string;
  /** Does the work once. @returns the milliseconds it took, by its own clock */
  run(): Promise<number>;
}

/** What the times of some runs come to. */
export interface Summary {
  readonly n: number;
  readonly median: number;
  /** First and third quartile. */
  readonly spread: readonly [number, number];
  readonly minimum: number;
}

/** Milliseconds of one contender's timed runs. */
export interface RoundSample extends Summary {
  readonly name: string;
  /** The median of each round's block: what ratios are made of. */
  readonly rounds: readonly number[];
}

export interface RoundOptions {
  /** Milliseconds that all timed runs together should take, about. */
  readonly budgetMillis: number;
  readonly leastRounds: number;
  readonly mostRounds: number;
  /** Milliseconds of nothing before each block. */
  readonly settleMillis: number;
}

/** Runs that last longer than this need no untimed run before them, and no second one in their block. */
const LONG_MILLIS = 80;
const MOST_RUNS_A_BLOCK = 5;

function quantile(sorted: readonly number[], q: number): number {
  const position = (sorted.length - 1) * q;
  const low = sorted[Math.floor(position)] ?? Number.NaN;
  const high = sorted[Math.ceil(position)] ?? Number.NaN;
  return low + (high - low) * (position - Math.floor(position));
}

/** Sums up times, or ratios. */
export function summaryOf(values: readonly number[]): Summary {
  const sorted = [...values].sort((a, b) => a - b);
  return {
    n: sorted.length,
    median: quantile(sorted, 0.5),
    spread: [quantile(sorted, 0.25), quantile(sorted, 0.75)],
    minimum: sorted[0] ?? Number.NaN,
  };
}

/** How often each contender runs. */
export interface Schedule {
  readonly rounds: number;
  /** Timed runs in a block, a contender. */
  readonly blocks: readonly number[];
}

/** @param millis what one run of each contender takes, about */
export function scheduleOf(millis: readonly number[], options: RoundOptions): Schedule {
  const blocks = millis.map((each) => Math.max(1, Math.min(MOST_RUNS_A_BLOCK, Math.floor(LONG_MILLIS / each))));
  const round = millis.reduce((sum, each, index) => sum + each * (blocks[index] ?? 1), 0);
  const { leastRounds, mostRounds, budgetMillis } = options;
  return { rounds: Math.max(leastRounds, Math.min(mostRounds, Math.floor(budgetMillis / round))), blocks };
}

/** Measures contenders that have been warmed up; `millis` is what one run of each takes, about. */
export async function measureRounds(
  contenders: readonly RoundContender[],
  millis: readonly number[],
  options: RoundOptions,
): Promise<RoundSample[]> {
  const { rounds, blocks } = scheduleOf(millis, options);
  const times = contenders.map((): number[][] => []);
  // Every second round runs backwards, so that nobody always follows the same neighbour.
  const order = contenders.map((_, index) => index);
  for (let round = 0; round < rounds; round++) {
    for (const index of round % 2 === 0 ? order : order.toReversed()) {
      await setTimeout(options.settleMillis);
      if ((blocks[index] ?? 1) > 1) await contenders[index]?.run();
      const block: number[] = [];
      for (let run = 0; run < (blocks[index] ?? 1); run++) block.push((await contenders[index]?.run()) ?? Number.NaN);
      times[index]?.push(block);
    }
  }
  return contenders.map(({ name }, index) => ({
    name,
    ...summaryOf(times[index]?.flat() ?? []),
    rounds: (times[index] ?? []).map((block) => summaryOf(block).median),
  }));
}

/** How many times as long as `b` `a` took, round by round. */
export const ratioOf = (a: RoundSample, b: RoundSample): Summary =>
  summaryOf(a.rounds.map((time, round) => time / (b.rounds[round] ?? Number.NaN)));
