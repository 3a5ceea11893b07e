/** When a run that lost its members goes on, and from where. */
import { describe, expect, it } from 'vitest';
import { round } from '../../../core/ids.ts';
import { milliseconds } from '../../../core/units.ts';
import { replayJournal } from '../../../journal/replay.ts';
import { hashNo, idOf, Scenario } from '../scenario.ts';

/** Two rounds, of which the first is stored; then a restart, after which nobody is there. */
function restarted(): Scenario {
  const scenario = new Scenario({ startMembers: 2, minMembers: 2, checkpointEvery: 1 }).join('a', 'b').play('a', 'b');
  const checkpoint = { round: round(1), stateHash: hashNo(1) };
  scenario.tell({ type: 'checkpointed', ...checkpoint });
  scenario.play('a', 'b');
  const { self } = scenario.state.config;
  scenario.tell({ type: 'resumed', checkpoint, waitForHolders: milliseconds(100), self });
  return scenario;
}

const claim = (scenario: Scenario, name: string, at = 2): void => {
  const { runId } = scenario.state.config;
  scenario.hello(name, { holds: { runId, round: round(at), stateHash: hashNo(at), view: null } });
};
const rolledBack = (scenario: Scenario) => scenario.facts('rolledBack').map(({ from, to }) => [from, to]);

describe('one that says it holds the state and never is ready', () => {
  it('holds a rollback up for one wait more, and no longer', () => {
    const scenario = restarted();
    claim(scenario, 'x');
    for (const name of ['c', 'd']) scenario.hello(name);
    scenario.fire('regather');
    expect(rolledBack(scenario)).toEqual([]);
    scenario.fire('regather');
    expect(rolledBack(scenario)).toEqual([[2, 1]]);
    for (const name of ['c', 'd']) scenario.ready(name, 1);
    expect(scenario.round.members).toEqual(['c', 'd'].map(idOf));
    expect(replayJournal(scenario.journal)?.state).toEqual(scenario.state);
  });

  it('holds it up no longer by turns with others', () => {
    const scenario = restarted();
    for (const name of ['c', 'd']) scenario.hello(name);
    claim(scenario, 'x');
    scenario.fire('regather');
    claim(scenario, 'y');
    scenario.lose('x');
    expect(rolledBack(scenario)).toEqual([]);
    scenario.fire('regather');
    expect(rolledBack(scenario)).toEqual([[2, 1]]);
  });

  it('or is ready at another state than the present one, holds it up no longer either', () => {
    const scenario = restarted();
    for (const name of ['c', 'd']) scenario.hello(name);
    claim(scenario, 'x');
    scenario.ready('x', 1);
    for (let wait = 0; wait < 2; wait++) scenario.fire('regather');
    expect(rolledBack(scenario)).toEqual([[2, 1]]);
  });
});

describe('a member that does hold the state', () => {
  it('is waited for until enough have it, however long they take', () => {
    const scenario = restarted();
    claim(scenario, 'a');
    scenario.ready('a', 2);
    scenario.hello('c');
    for (let wait = 0; wait < 5; wait++) scenario.fire('regather');
    expect(rolledBack(scenario)).toEqual([]);
    scenario.ready('c', 2);
    expect(scenario.round.round).toBe(2);
  });

  it('is in time when it comes while too few were there to go back', () => {
    const scenario = restarted();
    scenario.hello('c');
    for (let wait = 0; wait < 5; wait++) scenario.fire('regather');
    claim(scenario, 'a');
    scenario.fire('regather');
    scenario.ready('a', 2);
    scenario.ready('c', 2);
    expect(rolledBack(scenario)).toEqual([]);
    expect(scenario.round.round).toBe(2);
  });
});

describe('a wait in which nothing changes', () => {
  it('goes on without a trace in the journal', () => {
    const scenario = restarted();
    scenario.fire('regather');
    const before = scenario.journal.length;
    for (let wait = 0; wait < 10; wait++)
      expect(scenario.fire('regather')).toMatchObject([{ type: 'setTimer', name: 'regather' }]);
    expect(scenario.journal).toHaveLength(before);
  });
});
