/** Interleaved measurement: contenders take turns, so that a noisy minute hurts all of them alike. */

import { summaryOf } from './rounds.ts';
import type { Summary } from './rounds.ts';

/** One thing to be timed. `run` does the work once; what is timed is the whole call. */
export interface Contender {
  readonly name: string;
  run(): Promise<void> | void;
  close?(): Promise<void> | void;
}

/** Milliseconds of one contender's timed runs. */
export interface Sample extends Summary {
  readonly name: string;
  readonly warmUp: number;
}

export interface MeasureOptions {
  readonly warmUp: number;
  readonly runs: number;
}

/** Sums up times in milliseconds. */
export function summarise(name: string, times: readonly number[], warmUp: number): Sample {
  return { name, warmUp, ...summaryOf(times) };
}

/** Runs every contender `warmUp` times, then `runs` rounds in which each runs once, and sums up. */
export async function measureInterleaved(
  contenders: readonly Contender[],
  { warmUp, runs }: MeasureOptions,
): Promise<Sample[]> {
  for (const contender of contenders) {
    for (let i = 0; i < warmUp; i++) await contender.run();
  }
  const times = contenders.map((): number[] => []);
  for (let round = 0; round < runs; round++) {
    for (const [index, contender] of contenders.entries()) {
      const started = performance.now();
      await contender.run();
      times[index]?.push(performance.now() - started);
    }
  }
  for (const contender of contenders) await contender.close?.();
  return contenders.map((contender, index) => summarise(contender.name, times[index] ?? [], warmUp));
}
