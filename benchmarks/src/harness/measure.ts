/** Interleaved measurement: contenders take turns, so that a noisy minute hurts all of them alike. */

/** One thing to be timed. `run` does the work once; what is timed is the whole call. */
export interface Contender {
  readonly name: string;
  run(): Promise<void> | void;
  close?(): Promise<void> | void;
}

/** Milliseconds of one contender's timed runs. */
export interface Sample {
  readonly name: string;
  readonly n: number;
  readonly warmUp: number;
  readonly median: number;
  /** First and third quartile. */
  readonly spread: readonly [number, number];
  readonly minimum: number;
}

export interface MeasureOptions {
  readonly warmUp: number;
  readonly runs: number;
}

function quantile(sorted: readonly number[], q: number): number {
  const position = (sorted.length - 1) * q;
  const low = sorted[Math.floor(position)] ?? Number.NaN;
  const high = sorted[Math.ceil(position)] ?? Number.NaN;
  return low + (high - low) * (position - Math.floor(position));
}

/** Sums up times in milliseconds. */
export function summarise(name: string, times: readonly number[], warmUp: number): Sample {
  const sorted = [...times].sort((a, b) => a - b);
  return {
    name,
    n: sorted.length,
    warmUp,
    median: quantile(sorted, 0.5),
    spread: [quantile(sorted, 0.25), quantile(sorted, 0.75)],
    minimum: sorted[0] ?? Number.NaN,
  };
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
