/** Whose word a sealed round's state is. */
import { describe, expect, it } from 'vitest';
import { round, view } from '../../../core/ids.ts';
import { milliseconds } from '../../../core/units.ts';
import { replayJournal } from '../../../journal/replay.ts';
import { hashNo, idOf, Scenario } from '../scenario.ts';

const LIE = hashNo(666);
const sealed = (config = {}) => new Scenario(config).join('a', 'b', 'c').seal('a', 'b', 'c');

/** Comes with what it says is the outcome of the round that is applied. */
function bring(scenario: Scenario, name: string, stateHash = hashNo(scenario.round.round + 1)): void {
  const outcome = round(scenario.round.round + 1);
  const holds = { runId: scenario.state.config.runId, round: outcome, stateHash, view: view(scenario.round.view) };
  scenario.hello(name, { holds });
  scenario.ready(name, outcome, stateHash);
}

function restart(scenario: Scenario): void {
  const { self } = scenario.state.config;
  scenario.tell({ type: 'resumed', checkpoint: null, waitForHolders: milliseconds(5_000), self });
}

const committedHash = (scenario: Scenario) => scenario.facts('roundCommitted').at(-1)?.stateHash;
const flagged = (scenario: Scenario) => scenario.facts('memberFlagged').map(({ peerId }) => peerId.at(-1));

describe('a stranger that says it holds the outcome of a sealed round', () => {
  it('decides nothing when it is the first to come after a restart', () => {
    const scenario = sealed();
    scenario.applied('a');
    restart(scenario);
    bring(scenario, 'x', LIE);
    expect(scenario.state.committed).toBe(0);
    for (const name of ['a', 'b']) bring(scenario, name);
    expect(committedHash(scenario)).toBe(hashNo(1));
    expect(flagged(scenario)).toEqual(['x']);
    expect(replayJournal(scenario.journal)?.state).toEqual(scenario.state);
  });

  it('decides nothing when all members are cut off for a moment: what they said stands', () => {
    const scenario = sealed();
    bring(scenario, 'x', LIE);
    for (const name of ['a', 'b']) scenario.applied(name);
    scenario.lose('a', 'b', 'c');
    expect(committedHash(scenario)).toBe(hashNo(1));
    expect(scenario.state.members[idOf('a')]?.status).toBe('lost');
    expect(flagged(scenario)).toEqual(['x']);
  });

  it('decides nothing together with more strangers than the round had members', () => {
    const scenario = new Scenario({ startMembers: 2 }).join('a', 'b').seal('a', 'b');
    for (const name of ['x', 'y', 'z']) bring(scenario, name, LIE);
    for (const name of ['a', 'b']) scenario.applied(name);
    expect(committedHash(scenario)).toBe(hashNo(1));
    expect(flagged(scenario)).toEqual(['x', 'y', 'z']);
  });

  it('is not believed though no member ever returns: the round is given up', () => {
    const scenario = sealed();
    restart(scenario);
    bring(scenario, 'x', LIE);
    scenario.fire('apply');
    expect(scenario.facts('roundAbandoned')).toMatchObject([{ round: 0 }]);
    expect(scenario.state.committed).toBe(0);
    expect(scenario.state.members[idOf('x')]?.held).toBeNull();
  });

  it('goes on with the run where it told the truth', () => {
    const scenario = sealed();
    bring(scenario, 'd');
    for (const name of ['a', 'b', 'c']) scenario.applied(name);
    expect(scenario.facts('roundCommitted')[0]).toMatchObject({ members: 4 });
    expect(scenario.round.contributors.map(({ peerId }) => peerId)).toContain(idOf('d'));
  });
});

describe('members of a sealed round', () => {
  it('commit it without a wait when one of three has crashed', () => {
    const scenario = sealed();
    scenario.lose('b');
    for (const name of ['a', 'c']) scenario.applied(name);
    expect(scenario.state.committed).toBe(1);
  });

  it('commit it without a wait when one of two has crashed', () => {
    const scenario = new Scenario({ startMembers: 2 }).join('a', 'b').seal('a', 'b');
    scenario.lose('b');
    scenario.applied('a');
    expect(scenario.state.committed).toBe(1);
  });

  it('commit it without a wait for those that left', () => {
    const scenario = sealed();
    for (const name of ['b', 'c']) scenario.say(name, { type: 'leave', reason: '' });
    scenario.applied('a');
    expect(scenario.state.committed).toBe(1);
  });

  it('that all leave before they said anything have it undone', () => {
    const scenario = sealed();
    for (const name of ['a', 'b', 'c']) scenario.say(name, { type: 'leave', reason: '' });
    for (let turn = 0; turn < 2; turn++) scenario.fire('apply');
    expect(scenario.facts('roundAbandoned')).toMatchObject([{ round: 0 }]);
  });

  it('of whom fewer than half are left wait for the others, who may know better', () => {
    const scenario = sealed();
    scenario.lose('a', 'b');
    scenario.applied('c', LIE);
    expect(scenario.state.committed).toBe(0);
    for (const name of ['a', 'b']) bring(scenario, name);
    expect(committedHash(scenario)).toBe(hashNo(1));
    expect(flagged(scenario)).toEqual(['c']);
  });

  it('of whom fewer than half are left commit it when nobody has come back in time', () => {
    const scenario = sealed();
    scenario.lose('a', 'b');
    scenario.applied('c');
    for (let turn = 0; turn < 2; turn++) scenario.fire('apply');
    expect(scenario.state.committed).toBe(1);
  });

  it('have their word counted though all are gone, and bring the state back', () => {
    const scenario = sealed();
    scenario.applied('a');
    scenario.lose('a', 'b', 'c');
    for (let turn = 0; turn < 2; turn++) scenario.fire('apply');
    expect(scenario.state).toMatchObject({ committed: 1, phase: { name: 'gathering' } });
    const { runId } = scenario.state.config;
    scenario.hello('a', { holds: { runId, round: round(1), stateHash: hashNo(1), view: view(1) } });
    scenario.ready('a');
    scenario.fire('regather');
    expect(scenario.round.round).toBe(1);
  });

  it('that said something else and went are outvoted, and stay away', () => {
    const scenario = sealed();
    scenario.applied('a', LIE);
    scenario.lose('a');
    for (const name of ['b', 'c']) scenario.applied(name);
    expect(committedHash(scenario)).toBe(hashNo(1));
    expect(scenario.state.members[idOf('a')]?.status).toBe('lost');
  });
});
