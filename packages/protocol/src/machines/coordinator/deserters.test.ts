/** Members that go while the others wait for them. */
import { describe, expect, it } from 'vitest';
import { round } from '../../core/ids.ts';
import { replayJournal } from '../../journal/replay.ts';
import { hashNo, idOf, Scenario, scenarioConfig } from './scenario.ts';

const PATIENCE = scenarioConfig.failureTimeout;
const strikes = (scenario: Scenario, name: string) => scenario.state.members[idOf(name)]?.standing.strikes;
const contributes = (scenario: Scenario, name: string) =>
  scenario.round.contributors.some(({ peerId }) => peerId === idOf(name));
const three = () => new Scenario({ rounds: 1000, gatherTimeout: null }).join('a', 'b', 'c');
const holds = ({ state: { committed, config } }: Scenario) => ({
  holds: { runId: config.runId, round: committed, stateHash: hashNo(committed), view: null },
});
const complain = (scenario: Scenario, by: string, about: string, code: string) =>
  scenario.say(by, { type: 'fault', round: scenario.round.round, peerId: idOf(about), code, reason: '' });

const waysToGo: readonly (readonly [string, (scenario: Scenario) => void])[] = [
  ['disconnecting', (scenario) => scenario.lose('c')],
  ['falling silent', (scenario) => void scenario.fire(`silence/${idOf('c')}`)],
  ['leaving', (scenario) => void scenario.say('c', { type: 'leave', reason: '' })],
  ['connecting anew', (scenario) => void scenario.hello('c')],
  [
    'asking for the state again',
    (scenario) => void scenario.say('c', { type: 'unsynced', round: round(0), reason: '' }),
  ],
];

describe('a member that goes when the others have waited for it', () => {
  it.each(waysToGo)('by %s is struck', (_way, go) => {
    const scenario = three();
    for (const name of ['a', 'b']) scenario.commit(name);
    scenario.wait(PATIENCE);
    go(scenario);
    expect(['a', 'b', 'c'].map((name) => strikes(scenario, name))).toEqual([0, 0, 1]);
    expect(scenario.round.view).toBe(2);
  });

  it('again and again holds rounds up ever more rarely', () => {
    const scenario = three();
    let heldUp = 0;
    for (let played = 0; played < 100; played++) {
      if (contributes(scenario, 'c')) {
        heldUp += 1;
        for (const name of ['a', 'b']) scenario.commit(name);
        scenario.wait(PATIENCE);
        scenario.lose('c');
        scenario.hello('c', holds(scenario));
        scenario.ready('c');
      }
      scenario.seal('a', 'b');
      for (const name of ['c', 'b', 'a']) scenario.applied(name);
    }
    expect(scenario.state.committed).toBe(100);
    expect(heldUp).toBeLessThanOrEqual(7);
    const { state } = replayJournal(scenario.journal)!;
    expect(state).toEqual(scenario.state);
  });

  it('while they reduce, gather or apply is struck as well', () => {
    const reducing = three();
    for (const name of ['a', 'b', 'c']) reducing.commit(name);
    const gathering = three();
    for (const name of ['a', 'b', 'c']) gathering.commit(name);
    for (const name of ['a', 'b', 'c']) gathering.reduced(name);
    for (const name of ['a', 'b']) gathering.gathered(name);
    const applying = three().seal('a', 'b', 'c');
    for (const name of ['a', 'b']) applying.applied(name);
    for (const scenario of [reducing, gathering, applying]) {
      scenario.wait(PATIENCE);
      scenario.lose('c');
      expect(strikes(scenario, 'c')).toBe(1);
    }
  });

  it('is struck for what most of those who wait miss of it, though it has done its own', () => {
    const scenario = three();
    for (const name of ['a', 'b', 'c']) scenario.commit(name);
    scenario.reduced('c');
    for (const name of ['a', 'b']) complain(scenario, name, 'c', 'CONTRIBUTION_MISSING');
    scenario.wait(PATIENCE);
    scenario.lose('c');
    expect(strikes(scenario, 'c')).toBe(1);
  });

  it('is struck once for one event', () => {
    const scenario = three();
    for (const name of ['a', 'b']) scenario.commit(name);
    scenario.wait(PATIENCE);
    scenario.tell({ type: 'faulted', peerId: idOf('c'), code: 'FAULT_FORGED', reason: 'it lied' });
    expect(strikes(scenario, 'c')).toBe(1);
  });
});

describe('going is free', () => {
  it.each(waysToGo)('by %s in the middle of ordinary work, however long it takes', (_way, go) => {
    const scenario = three();
    scenario.commit('a');
    scenario.wait(10 * PATIENCE);
    go(scenario);
    expect(strikes(scenario, 'c')).toBe(0);
  });

  it('as long as the others have hardly waited', () => {
    const scenario = three();
    for (const name of ['a', 'b']) scenario.commit(name);
    scenario.wait(PATIENCE / 2);
    scenario.lose('c');
    expect(strikes(scenario, 'c')).toBe(0);
  });

  it('for those who have done what they had to', () => {
    const scenario = three();
    for (const name of ['a', 'b']) scenario.commit(name);
    scenario.wait(PATIENCE);
    scenario.lose('a');
    expect(strikes(scenario, 'a')).toBe(0);
  });

  it('for those who themselves wait for somebody that most name', () => {
    const scenario = three();
    for (const name of ['a', 'b', 'c']) scenario.commit(name);
    scenario.reduced('c');
    for (const name of ['a', 'b']) complain(scenario, name, 'c', 'CONTRIBUTION_MISSING');
    scenario.wait(PATIENCE);
    scenario.lose('a');
    expect(strikes(scenario, 'a')).toBe(0);
  });

  it('for those whom a restart of the coordinator or the end of the run cuts off', () => {
    for (const end of [
      (scenario: Scenario) =>
        scenario.tell({
          type: 'resumed',
          checkpoint: null,
          waitForHolders: PATIENCE,
          self: scenario.state.config.self,
        }),
      (scenario: Scenario) => {
        for (const _time of [1, 2]) scenario.tell({ type: 'interrupted', reason: 'Ctrl-C' });
      },
    ])
      for (const scenario of [three(), three().seal('a', 'b', 'c')]) {
        if (scenario.state.phase.name === 'training') for (const name of ['a', 'b']) scenario.commit(name);
        scenario.wait(PATIENCE);
        end(scenario);
        expect(['a', 'b', 'c'].map((name) => strikes(scenario, name))).toEqual([0, 0, 0]);
      }
  });
});
