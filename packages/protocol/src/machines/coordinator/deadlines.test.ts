/** How long members are waited for: an honest one for as long as it needs, one that never comes not for long. */
import { describe, expect, it } from 'vitest';
import { milliseconds } from '../../core/units.ts';
import type { CoordinatorConfig } from './config.ts';
import { hashNo, idOf, Scenario } from './scenario.ts';

const failureTimeout = milliseconds(10_000);
/** In each round 192 samples, 64 for each of three. */
const config: Partial<CoordinatorConfig> = { rounds: 1_000, failureTimeout, microBatchSize: 32, gatherTimeout: null };
/** What a contributor with good standing costs at the most where the others need next to nothing, in failure time-outs. */
const WORST = 62;

/** Members that say how many samples a second they train. */
function run(speeds: Readonly<Record<string, number>>, fields: Partial<CoordinatorConfig> = {}): Scenario {
  const scenario = new Scenario({ ...config, startMembers: Object.keys(speeds).length, ...fields });
  for (const name of Object.keys(speeds)) scenario.hello(name);
  for (const name of Object.keys(speeds)) ready(scenario, name, speeds[name]!);
  return scenario;
}

function ready(scenario: Scenario, name: string, samplesPerSecond: number): void {
  const { committed } = scenario.state;
  scenario.say(name, { type: 'ready', round: committed, stateHash: hashNo(committed), samplesPerSecond });
}

const presentState = ({ state: { config: terms, committed } }: Scenario) => ({
  runId: terms.runId,
  round: committed,
  stateHash: hashNo(committed),
  view: null,
});

const lastDelay = (scenario: Scenario, timer: RegExp): number =>
  scenario.done('setTimer').findLast(({ name }) => timer.test(name))!.delay;
const deadline = (scenario: Scenario): number => lastDelay(scenario, /^round$/);
const inTimeouts = (delay: number): number => delay / failureTimeout;

/** The deadline passes without a word of `name`; it comes back, and the others go on without it. Returns the deadline. */
function hang(scenario: Scenario, name: string, others: readonly string[]): number {
  const waited = deadline(scenario);
  for (const other of others) scenario.commit(other);
  scenario.fire('round');
  scenario.hello(name, { holds: presentState(scenario) });
  ready(scenario, name, 100);
  scenario.seal(...others);
  for (const each of [name, ...others]) scenario.applied(each);
  return waited;
}

/** 300 rounds of `a` and `b` beside `c`, which hangs whenever it has work. Returns the deadlines that it cost. */
function waitsFor(scenario: Scenario): number[] {
  const waits: number[] = [];
  while (scenario.state.committed < 300) {
    if (scenario.round.contributors.some(({ peerId }) => peerId === idOf('c'))) {
      waits.push(hang(scenario, 'c', ['a', 'b']));
      continue;
    }
    scenario.seal(...scenario.round.members.map((peer) => peer.at(-1)));
    for (const name of ['a', 'b', 'c']) if (scenario.state.phase.name === 'applying') scenario.applied(name);
  }
  return waits;
}

describe.each(['fixed', 'adaptive'] as const)('the deadline of a round whose work is shared out %s', (assignment) => {
  it('stays near its first length for a member that always hangs', () => {
    const waits = waitsFor(run({ a: 100, b: 100, c: 100 }, { assignment }));
    expect(waits.length).toBeLessThanOrEqual(9);
    expect(waits.reduce((sum, wait) => sum + wait, 0)).toBeLessThan(2 * waits.length * waits[0]!);
  });

  it('is bounded for a stranger that names a tiny speed, and halves with each time that it is not kept', () => {
    const waits = waitsFor(run({ a: 100, b: 100, c: 1e-3 }, { assignment })).map(inTimeouts);
    expect(waits[0]).toBeLessThanOrEqual(WORST);
    for (const [i, wait] of waits.slice(1).entries()) expect(wait).toBeLessThan(2 + (waits[i]! - 2) * 0.51 + 0.2);
  });

  it('is bounded for two such strangers beside one honest member', () => {
    const scenario = run({ a: 100, b: 1e-3, c: 1e-3 }, { assignment });
    expect(inTimeouts(deadline(scenario))).toBeLessThanOrEqual(3_002);
    scenario.commit('a');
    scenario.fire('round');
    for (const name of ['b', 'c']) scenario.hello(name);
    for (const name of ['b', 'c']) ready(scenario, name, 100);
    scenario.seal('a');
    for (const name of ['a', 'b', 'c']) scenario.applied(name);
    expect(inTimeouts(deadline(scenario))).toBeLessThanOrEqual(WORST / 2 + 1);
  });
});

describe('the deadline of honest members', () => {
  it('leaves one that is ten times slower than the others time, also after two accidents', () => {
    // The others need 1,000 s for a third of a round, much longer than a failure time-out.
    const scenario = run({ a: 0.064, b: 0.064, c: 0.0064 });
    expect(deadline(scenario)).toBeGreaterThanOrEqual(3 * 10_000_000);
    while (scenario.state.committed < 3) {
      const takesPart = scenario.round.members.includes(idOf('c'));
      if (takesPart) {
        scenario.tell({ type: 'faulted', peerId: idOf('c'), code: 'ACCIDENT', reason: 'a cable' });
        scenario.hello('c', { holds: presentState(scenario) });
        ready(scenario, 'c', 1);
      }
      for (const name of ['a', 'b']) scenario.commit(name, { computeMs: takesPart ? 1_000_000 : 1_500_000 });
      scenario.seal('a', 'b');
      for (const name of ['c', 'a', 'b']) scenario.applied(name);
    }
    expect(scenario.state.members[idOf('c')]?.standing.strikes).toBe(2);
    expect(scenario.round.contributors).toHaveLength(3);
    expect(deadline(scenario)).toBeGreaterThan(10_000_000);
  });

  it('leaves a slow one twenty failure time-outs, three times over, where the others need next to nothing', () => {
    // 64 samples in 200 s.
    expect(inTimeouts(deadline(run({ a: 1e6, b: 1e6, c: 0.32 })))).toBeCloseTo(62);
  });

  it('is three times what all need where all are slow', () => {
    // Ten minutes a micro-batch.
    const scenario = run({ a: 32 / 600, b: 32 / 600, c: 32 / 600 });
    expect(deadline(scenario)).toBe(2 * failureTimeout + 3 * 1_200_000);
  });

  it('grows for a member that is alone, until it can keep it', () => {
    const scenario = run({ a: 0.1 });
    const expected = 192 / 0.1;
    expect(deadline(scenario)).toBe(2 * failureTimeout + 3 * expected * 1000);
    scenario.fire('round');
    scenario.hello('a', { holds: presentState(scenario) });
    ready(scenario, 'a', 100);
    expect(deadline(scenario)).toBe(2 * failureTimeout + 6 * expected * 1000);
  });
});

describe('the deadline of one that names a tiny speed', () => {
  it('is bounded for an audit', () => {
    const audit = { rate: 1, floor: 1, window: 4, accept: 5e-5, escalate: 2e-4 };
    const scenario = run({ a: 100, b: 100, c: 1e-3 }, { audit });
    scenario.commit('c', { computeMs: 1e12 });
    scenario.play('a', 'b', 'c');
    expect(inTimeouts(lastDelay(scenario, new RegExp(`^audit/.*${idOf('c')}$`)))).toBeLessThanOrEqual(124);
  });

  it('is bounded for an evaluation', () => {
    const scenario = run({ a: 100, b: 100, c: 1e-3 }, { rounds: 0, evaluation: { every: 0, samples: 1_000 } });
    scenario.lose('a');
    expect(scenario.heard('c', 'evaluate')).toHaveLength(1);
    expect(inTimeouts(lastDelay(scenario, /^evaluate$/))).toBeLessThanOrEqual(WORST);
  });
});
