/** Members that make the others wait: strikes, suspensions, and who is believed. */
import { describe, expect, it } from 'vitest';
import { round, view } from '../../core/ids.ts';
import { milliseconds } from '../../core/units.ts';
import { hashNo, idOf, Scenario } from './scenario.ts';
import { credited, goodStanding, struck } from './standing.ts';

const suspensions = (scenario: Scenario) =>
  scenario.facts('memberSuspended').map(({ peerId, round: from, until }) => [peerId.at(-1), from, until]);
const losses = (scenario: Scenario) => scenario.facts('memberGone').map(({ peerId, code }) => [peerId.at(-1), code]);
const contributors = (scenario: Scenario) => scenario.round.contributors.map(({ peerId }) => peerId.at(-1));
const complain = (scenario: Scenario, by: string, about: string, code = 'forged') =>
  scenario.say(by, { type: 'fault', round: scenario.round.round, peerId: idOf(about), code, reason: '' });

/** A round in which `name` does not commit in time; it comes back with the state and follows the others to the next one. */
function beLate(scenario: Scenario, name: string, others: readonly string[]): void {
  const { committed, config } = scenario.state;
  for (const other of others) scenario.commit(other);
  scenario.fire('round');
  scenario.hello(name, {
    holds: { runId: config.runId, round: committed, stateHash: hashNo(committed), view: view(0) },
  });
  scenario.ready(name);
  scenario.seal(...others);
  for (const each of [name, ...others]) scenario.applied(each);
}

describe('a standing', () => {
  it('costs nothing at the first strike, then 1, 3, 7 rounds, and never more than 511', () => {
    let standing = goodStanding;
    const lengths = Array.from({ length: 12 }, () => {
      standing = struck(standing, round(100));
      return standing.suspendedUntil - 100;
    });
    expect(lengths).toEqual([0, 1, 3, 7, 15, 31, 63, 127, 255, 511, 511, 511]);
  });

  it('is mended by rounds without blame, strike by strike', () => {
    let standing = struck(struck(goodStanding, round(0)), round(1));
    const strikes = Array.from({ length: 40 }, () => (standing = credited(standing)).strikes);
    expect([strikes.indexOf(1), strikes.indexOf(0)]).toEqual([15, 31]);
    expect(credited(goodStanding)).toBe(goodStanding);
  });

  it('starts to mend anew with each strike', () => {
    let standing = struck(goodStanding, round(0));
    for (let good = 0; good < 15; good++) standing = credited(standing);
    standing = credited(struck(standing, round(15)));
    expect(standing).toMatchObject({ strikes: 2, blameless: 1 });
  });
});

describe('a member that is late', () => {
  it('is handed work again after the first time, and sits one round out after the second', () => {
    const scenario = new Scenario().join('a', 'b', 'c');
    beLate(scenario, 'c', ['a', 'b']);
    expect(contributors(scenario)).toEqual(['a', 'b', 'c']);
    beLate(scenario, 'c', ['a', 'b']);
    expect(suspensions(scenario)).toEqual([['c', 2, 3]]);
    expect(contributors(scenario)).toEqual(['a', 'b']);
    scenario.seal('a', 'b');
    for (const name of ['c', 'a', 'b']) scenario.applied(name);
    expect(contributors(scenario)).toEqual(['a', 'b', 'c']);
  });

  it('is told why, and until when', () => {
    const scenario = new Scenario().join('a', 'b', 'c');
    for (let time = 0; time < 2; time++) beLate(scenario, 'c', ['a', 'b']);
    expect(scenario.heard('c', 'blamed')).toEqual([
      { type: 'blamed', reason: 'it did not commit in time in round 0', until: null },
      { type: 'blamed', reason: 'it did not commit in time in round 1', until: 3 },
    ]);
  });

  it('is called back when the run would have too few members without it', () => {
    const scenario = new Scenario({ minMembers: 3 }).join('a', 'b', 'c');
    for (let time = 0; time < 2; time++) beLate(scenario, 'c', ['a', 'b']);
    expect(suspensions(scenario)).toEqual([['c', 2, 3]]);
    expect(contributors(scenario)).toEqual(['a', 'b', 'c']);
  });

  it('is called back when nobody else can be dialled', () => {
    const scenario = new Scenario();
    scenario.hello('a', { addresses: [] });
    scenario.hello('b', { addresses: [] });
    scenario.hello('c');
    for (const name of ['a', 'b', 'c']) scenario.ready(name);
    scenario.commit('c');
    for (let time = 0; time < 2; time++) {
      scenario.tell({ type: 'faulted', peerId: idOf('c'), code: 'FAULT_FORGED', reason: 'it lied' });
      scenario.hello('c');
      scenario.ready('c');
    }
    expect(suspensions(scenario)).toEqual([['c', 1, 2]]);
    expect(contributors(scenario)).toEqual(['a', 'b', 'c']);
  });
});

describe('a run that goes back to its start', () => {
  it('lets members sit out, or rest, as many rounds as they had left, and nobody else', () => {
    const scenario = new Scenario({ rounds: 100 }).join('a', 'b', 'c');
    for (let played = 0; played < 30; played++) scenario.play('a', 'b', 'c');
    beLate(scenario, 'b', ['a', 'c']);
    for (let time = 0; time < 3; time++) {
      scenario.tell({ type: 'faulted', peerId: idOf('c'), code: 'FAULT_FORGED', reason: 'it lied' });
      scenario.hello('c');
    }
    scenario.hello('d');
    for (let time = 0; time < 4; time++) scenario.say('d', { type: 'unsynced', round: round(0), reason: 'no source' });
    expect(suspensions(scenario).at(-1)).toEqual(['c', 32, 35]);
    const { config } = scenario.state;
    scenario.tell({ type: 'resumed', checkpoint: null, waitForHolders: milliseconds(100), self: config.self });
    for (const name of ['a', 'b', 'c', 'd']) scenario.hello(name);
    scenario.fire('regather');
    expect(scenario.facts('rolledBack')).toMatchObject([{ from: 31, to: 0 }]);
    for (const name of ['a', 'b', 'c']) scenario.ready(name, 0, hashNo(0));
    scenario.seal('a');
    for (const name of ['d', 'c', 'b', 'a']) scenario.applied(name);
    expect(contributors(scenario)).toEqual(['a', 'b']);
    expect(scenario.state.members[idOf('c')]?.standing).toMatchObject({ strikes: 3, suspendedUntil: 4 });
    expect(scenario.state.members[idOf('d')]?.servedFrom).toBe(7);
  });
});

describe('a complaint that nobody shares and nothing comes of', () => {
  it('does not keep strikes from wearing off', () => {
    const scenario = new Scenario({ rounds: 100 }).join('a', 'b', 'c');
    beLate(scenario, 'c', ['a', 'b']);
    for (let played = 0; played < 16; played++) {
      for (const name of ['a', 'b', 'c']) scenario.commit(name);
      for (const name of ['a', 'b', 'c']) scenario.reduced(name);
      complain(scenario, 'a', 'c', 'REDUCED_MISSING');
      for (const name of ['a', 'b', 'c']) scenario.gathered(name);
      for (const name of ['a', 'b', 'c']) scenario.applied(name);
    }
    expect(scenario.state.members[idOf('c')]?.standing.strikes).toBe(0);
  });
});

describe('a member that is ready and never joins', () => {
  it('is waited for ever more rarely', () => {
    const scenario = new Scenario({ rounds: 40 }).join('a', 'b', 'c');
    scenario.hello('d');
    scenario.say('d', { type: 'ready', round: round(0), stateHash: hashNo(0), samplesPerSecond: 100 });
    let waits = 0;
    for (let played = 0; played < 30; played++) {
      scenario.play('a', 'b', 'c');
      if (scenario.state.phase.name !== 'applying') continue;
      waits += 1;
      scenario.fire('apply');
    }
    expect(scenario.state.committed).toBe(30);
    expect(waits).toBeLessThanOrEqual(6);
  });
});

describe('a member on a slow line', () => {
  /** How many of 100 rounds it was a member of, where it has a sealed round only so many failure time-outs after the seal. */
  const takesPart = (needs: number): number => {
    const scenario = new Scenario({ rounds: 1000 }).join('a', 'b', 'c');
    scenario.hello('d');
    scenario.ready('d');
    let taken = 0;
    for (let played = 0; played < 100; played++) {
      const { round: at, view: under, members } = scenario.round;
      const isIn = members.includes(idOf('d'));
      taken += isIn ? 1 : 0;
      scenario.seal('a', 'b', 'c', ...(isIn ? ['d'] : []));
      for (const name of ['a', 'b', 'c']) scenario.applied(name);
      const { delay } = scenario.done('setTimer').findLast(({ name }) => name === 'apply')!;
      const isWaited = scenario.state.phase.name === 'applying';
      if (isWaited && !isIn && delay < needs * scenario.state.config.failureTimeout) scenario.fire('apply');
      scenario.say('d', { type: 'applied', round: at, view: under, stateHash: hashNo(at + 1), gradientNorm: 1 });
    }
    expect(scenario.state.committed).toBe(100);
    return taken;
  };

  it.each([0.4, 0.6, 1.1, 1.9])('that needs %d failure time-outs for a sealed round gets in', (needs) => {
    expect(takesPart(needs)).toBeGreaterThan(90);
  });

  it('that needs longer than members may take does not', () => {
    expect(takesPart(2.1)).toBe(0);
  });
});

describe('data that owners refuse', () => {
  const four = () => new Scenario({ startMembers: 4, buckets: 4 }).join('a', 'b', 'c', 'd');

  it('by most of those who need them end a stay at once', () => {
    const scenario = four();
    complain(scenario, 'a', 'd');
    expect(losses(scenario)).toEqual([]);
    complain(scenario, 'b', 'd');
    expect(losses(scenario)).toEqual([['d', 'DATA_REFUSED']]);
    expect(contributors(scenario)).toEqual(['a', 'b', 'c']);
    expect(suspensions(scenario)).toEqual([]);
  });

  it('are remembered over stages: whoever has what it needs is waited for no longer', () => {
    const scenario = four();
    complain(scenario, 'a', 'd');
    for (const name of ['a', 'b', 'c', 'd']) scenario.commit(name);
    expect(scenario.round.stage).toBe('reducing');
    for (const name of ['b', 'c', 'd']) scenario.reduced(name);
    expect(losses(scenario)).toEqual([['d', 'DATA_REFUSED']]);
  });

  it('by one alone count against both, and its word no more in that round', () => {
    const scenario = four();
    for (const name of ['a', 'b', 'c', 'd']) scenario.commit(name);
    for (const name of ['b', 'c', 'd']) scenario.reduced(name);
    complain(scenario, 'a', 'd');
    expect(losses(scenario)).toEqual([['d', 'DATA_REFUSED']]);
    expect(scenario.state.members[idOf('a')]?.standing.strikes).toBe(1);
    for (const name of ['b', 'c']) scenario.reduced(name);
    complain(scenario, 'a', 'c');
    complain(scenario, 'a', 'b');
    expect(losses(scenario)).toHaveLength(1);
  });

  it('matter no more once everything is reduced', () => {
    const scenario = four();
    complain(scenario, 'a', 'd');
    for (const name of ['a', 'b', 'c', 'd']) scenario.commit(name);
    for (const name of ['a', 'b', 'c', 'd']) scenario.reduced(name);
    for (const name of ['b', 'c', 'd']) scenario.gathered(name);
    complain(scenario, 'a', 'b', 'REDUCED_MISSING');
    scenario.fire('round');
    expect(losses(scenario)).toEqual([['b', 'ROUND_DEADLINE']]);
  });

  it('are no matter of those who were only not served in time', () => {
    const scenario = four();
    for (const by of ['a', 'b', 'c']) complain(scenario, by, 'd', 'CONTRIBUTION_MISSING');
    expect(losses(scenario)).toEqual([]);
    scenario.commit('d');
    expect(scenario.round.contributors).toHaveLength(4);
  });

  it('are told even by one who complained of waiting before', () => {
    const scenario = four();
    for (const by of ['a', 'b']) complain(scenario, by, 'd', 'CONTRIBUTION_MISSING');
    for (const by of ['a', 'b']) complain(scenario, by, 'd');
    expect(losses(scenario)).toEqual([['d', 'DATA_REFUSED']]);
  });
});
