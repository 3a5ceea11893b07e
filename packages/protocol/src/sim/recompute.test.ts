/**
 * Runs in which the living compute a lost member's work in the same round: whatever befalls them, they come to the state
 * that one worker comes to alone. Seeds are run again as in `simulation.test.ts`.
 */
import { describe, expect, it } from 'vitest';
import type { RunFactOf, RunFactType } from '../journal/facts.ts';
import type { MemberEffectType } from '../machines/member/effects.ts';
import { simulate, type SimulationOptions, type SimulationResult } from './simulate.ts';
import { calm, rough, storm } from './weather.ts';

const only = process.env['MURMURATION_SIM_SEED'];
const factor = Number(process.env['MURMURATION_SIM_RUNS'] ?? 1);
const seeds = (first: number, count: number): number[] =>
  only === undefined ? Array.from({ length: count * factor }, (_, i) => first + i) : [Number(only)];

const MICRO_BATCHES = 12;

function run(options: Omit<SimulationOptions, 'config'>, config: SimulationOptions['config'] = {}): SimulationResult {
  try {
    return simulate({ ...options, config: { onLoss: 'recompute', microBatchesPerRound: MICRO_BATCHES, ...config } });
  } catch (cause) {
    throw new Error(`MURMURATION_SIM_SEED=${options.seed}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}

const factsOf = <T extends RunFactType>({ journal }: SimulationResult, type: T): RunFactOf<T>[] =>
  journal.flatMap(({ facts }) => facts.filter((fact): fact is RunFactOf<T> & typeof fact => fact.type === type));
const finalHash = (result: SimulationResult) => factsOf(result, 'runFinished')[0]?.stateHash;

/** How a run ended, and what each of its rounds trained, every time that it was committed. */
function outcomeOf(result: SimulationResult) {
  const rounds = factsOf(result, 'roundCommitted').map(({ round, shares }) => {
    const trained = shares.flatMap(({ microBatches }) => microBatches).toSorted((a, b) => a - b);
    return `${round}: ${trained.join()}`;
  });
  return { outcome: result.outcome, stateHash: finalHash(result), rounds: [...new Set(rounds)] };
}

const alone = new Map<number, ReturnType<typeof outcomeOf>>();
/** What one worker comes to in calm weather. */
function outcomeAlone(rounds: number): ReturnType<typeof outcomeOf> {
  const known =
    alone.get(rounds) ?? outcomeOf(run({ seed: 1, weather: calm, rounds, workers: 1 }, { startMembers: 1 }));
  alone.set(rounds, known);
  return known;
}

const reassigned = (result: SimulationResult): number =>
  factsOf(result, 'viewChanged').filter((fact) => fact.reassigned !== undefined).length;

describe('a run that recomputes what is lost', () => {
  it('trains the same micro-batches in every round, alone or not', () => {
    const { rounds } = outcomeAlone(3);
    expect(rounds).toEqual(
      [0, 12, 24].map((first, r) => `${r}: ${Array.from({ length: 12 }, (_, i) => first + i).join()}`),
    );
  });

  it.each(seeds(1000, 40))('ends in rough weather as one worker’s run does (seed %i)', (seed) => {
    expect(outcomeOf(run({ seed, weather: rough, rounds: 40 }))).toEqual(outcomeAlone(40));
  });

  it.each(seeds(1500, 12))('ends so after storms that take everybody (seed %i)', (seed) => {
    expect(outcomeOf(run({ seed, weather: storm, rounds: 20 }))).toEqual(outcomeAlone(20));
  });

  it.each(seeds(1600, 6))('ends so with shares in turn instead of by speed (seed %i)', (seed) => {
    expect(outcomeOf(run({ seed, weather: rough, rounds: 30, workers: 7 }, { assignment: 'fixed' }))).toEqual(
      outcomeAlone(30),
    );
  });

  it('hands work out anew in many of those rounds, and queues none of it', () => {
    const results = seeds(1000, 3).map((seed) => run({ seed, weather: rough, rounds: 40 }));
    expect(results.map(reassigned).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(only === undefined ? 10 : 0);
    for (const result of results)
      expect(factsOf(result, 'viewChanged').flatMap(({ returned }) => returned)).toEqual([]);
  });

  it('does not end so when lost work is queued for later rounds', () => {
    const hashes = seeds(1000, 2).map((seed) =>
      finalHash(run({ seed, weather: rough, rounds: 40 }, { onLoss: 'requeue' })),
    );
    expect(hashes).not.toEqual(hashes.map(() => outcomeAlone(40).stateHash));
  });

  it('says nothing on the wire that the schemas do not know', () => {
    expect(outcomeOf(run({ seed: 4, weather: rough, rounds: 15, wire: true }))).toEqual(outcomeAlone(15));
  });

  it('pays every micro-batch once, to whom it was reckoned in the end', () => {
    const result = run({ seed: 1003, weather: rough, rounds: 40 });
    const trained = Object.values(result.state.accounts).reduce((sum, account) => sum + account.trained, 0);
    expect(trained).toBe(40 * MICRO_BATCHES);
  });
});

describe('a worker killed at an exact point', () => {
  const points: readonly MemberEffectType[] = ['compute', 'pushContribution', 'reduce', 'pushReduced', 'apply'];

  it.each(points)('right after the effect %s changes nothing of the outcome', (type) => {
    let struck = 0;
    const result = run({
      seed: 11,
      weather: calm,
      rounds: 25,
      workers: 5,
      afterEffect: (world, worker, effect) => {
        // Two in one round, so that work which was taken over is lost again.
        if (struck === 2 || effect.type !== type || world.coordinator.state.committed < 3) return;
        struck += 1;
        world.kill(worker, `at ${type}`);
      },
    });
    expect(struck).toBe(2);
    expect(outcomeOf(result)).toEqual(outcomeAlone(25));
  });

  it('that leaves a single member to finish the round costs no micro-batch', () => {
    let struck = 0;
    const result = run({
      seed: 13,
      weather: calm,
      rounds: 8,
      workers: 3,
      afterEffect: (world, worker, effect) => {
        if (struck === 2 || effect.type !== 'compute' || world.coordinator.state.committed !== 4) return;
        struck += 1;
        world.kill(worker, 'all but one');
      },
    });
    expect(outcomeOf(result)).toEqual(outcomeAlone(8));
    expect(factsOf(result, 'roundAbandoned')).toEqual([]);
  });
});
