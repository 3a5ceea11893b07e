import { describe, expect, it } from 'vitest';
import { figuresOf, medianFigures } from './figures.ts';
import type { RunEvent } from '../harness/orchestrate.ts';
import type { RunFigures } from './figures.ts';

const committed = (round: number, at: number): RunEvent => ({
  event: 'round.committed',
  round,
  at,
  samples: 100,
  milliseconds: 40,
  shares: [{ computeMs: 10 }, { computeMs: 20 }],
});

describe('figuresOf', () => {
  it('measures the rounds after those to warm up', () => {
    const events = [
      { event: 'run.started' },
      committed(0, 3000),
      committed(1, 4000),
      committed(2, 4050),
      committed(3, 4100),
      { event: 'run.finished' },
    ];
    expect(figuresOf({ events, startedAt: 1000, skipped: 2, cpuSeconds: 0.3 })).toEqual({
      secondsToFirstRound: 2,
      roundsPerSecond: 20,
      samplesPerSecond: 2000,
      cpuSecondsPerRound: 0.15,
      computeShare: 0.5,
    });
  });

  it('says so when there are too few', () => {
    expect(() => figuresOf({ events: [committed(0, 1)], startedAt: 0, skipped: 1, cpuSeconds: null })).toThrow(
      '--set rounds=N',
    );
  });
});

describe('medianFigures', () => {
  it('takes each figure by itself, and no processor time where there is none', () => {
    const run = (value: number, cpuSecondsPerRound: number | null): RunFigures => ({
      secondsToFirstRound: value,
      roundsPerSecond: 10 - value,
      samplesPerSecond: value,
      cpuSecondsPerRound,
      computeShare: value,
    });
    expect(medianFigures([run(1, null), run(3, null), run(2, null)])).toEqual(run(2, null));
    expect(medianFigures([run(1, 5), run(3, 7), run(2, 6)]).cpuSecondsPerRound).toBe(6);
  });
});
