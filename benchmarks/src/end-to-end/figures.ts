/** From the lines that `orchestrate run --json` printed to what a run's rounds took. Pure. */
import type { RunEvent } from '../harness/orchestrate.ts';
import { summarise } from '../harness/measure.ts';

/** The fields of `round.committed` that are read here. */
interface CommittedRound extends RunEvent {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly round: number;
  readonly samples: number;
  /** From the assignment to the commit. */
  readonly milliseconds: number;
  readonly shares: readonly { readonly computeMs: number }[];
}

/** What one run measured; rounds after the first `skipped` ones, while code is warm. */
export interface RunFigures {
  /** From the start of the command to the first committed round. */
  readonly secondsToFirstRound: number;
  readonly roundsPerSecond: number;
  readonly samplesPerSecond: number;
  /** Of all processes; null where the system does not tell. */
  readonly cpuSecondsPerRound: number | null;
  /** Part of the rounds' time in which the slowest member computed. */
  readonly computeShare: number;
}

export interface RunObservation {
  readonly events: readonly RunEvent[];
  /** When the command was started, milliseconds since 1970. */
  readonly startedAt: number;
  readonly skipped: number;
  /** Processor seconds of all processes from the last skipped round to the last round. */
  readonly cpuSeconds: number | null;
}

export const isCommitted = (event: RunEvent): event is CommittedRound => event.event === 'round.committed';

/** @throws Error when there are no rounds to measure */
export function figuresOf({ events, startedAt, skipped, cpuSeconds }: RunObservation): RunFigures {
  const committed = events.filter(isCommitted);
  const [first, begin, end] = [committed[0], committed[skipped - 1], committed.at(-1)];
  if (first === undefined || begin === undefined || end === undefined || begin === end)
    throw new Error(
      `${committed.length} rounds were committed, which is not more than the ${skipped} to warm up. Ask for more with --set rounds=N.`,
    );
  const measured = committed.slice(skipped);
  const seconds = (end.at - begin.at) / 1000;
  const sum = (of: (round: CommittedRound) => number): number =>
    measured.reduce((total, round) => total + of(round), 0);
  return {
    secondsToFirstRound: (first.at - startedAt) / 1000,
    roundsPerSecond: measured.length / seconds,
    samplesPerSecond: sum(({ samples }) => samples) / seconds,
    cpuSecondsPerRound: cpuSeconds === null ? null : cpuSeconds / measured.length,
    computeShare:
      sum(({ shares }) => Math.max(...shares.map(({ computeMs }) => computeMs))) /
      sum(({ milliseconds }) => milliseconds),
  };
}

/** The median of some numbers. */
export const medianOf = (values: readonly number[]): number => summarise('', values, 0).median;

/** The median of each figure over several runs of the same kind. */
export function medianFigures(runs: readonly RunFigures[]): RunFigures {
  const median = (of: (run: RunFigures) => number): number => medianOf(runs.map(of));
  const cpu = runs.map(({ cpuSecondsPerRound }) => cpuSecondsPerRound).filter((value) => value !== null);
  return {
    secondsToFirstRound: median((run) => run.secondsToFirstRound),
    roundsPerSecond: median((run) => run.roundsPerSecond),
    samplesPerSecond: median((run) => run.samplesPerSecond),
    cpuSecondsPerRound: cpu.length === 0 ? null : medianOf(cpu),
    computeShare: median((run) => run.computeShare),
  };
}
