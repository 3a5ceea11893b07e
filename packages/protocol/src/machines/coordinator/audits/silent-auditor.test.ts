/** An auditor that lives, trains, and never says what it found. */
import { describe, expect, it } from 'vitest';
import { idOf, Scenario } from '../scenario.ts';

const audit = { rate: 1, floor: 1, window: 4, accept: 5e-5, escalate: 2e-4 };
/** Every contribution is audited; `c` never answers. */
const begin = () => new Scenario({ audit, rounds: 1_000 }).join('a', 'b', 'c');

/** The members with work do it, and all apply it. */
function playRound(scenario: Scenario): void {
  scenario.seal(...scenario.round.members.map((peer) => peer.at(-1)));
  for (const name of ['c', 'a', 'b']) if (scenario.state.phase.name === 'applying') scenario.applied(name);
}

const askedOf = ({ state }: Scenario, name: string) =>
  state.audits.open.filter(({ asked }) => asked.includes(idOf(name)));

/** The others find that all is right. */
function answer(scenario: Scenario, ...names: string[]): void {
  for (const name of names)
    for (const { audit: number } of askedOf(scenario, name))
      scenario.say(name, { type: 'verdict', audit: number, outcome: 'compared', relativeError: 0, reason: '' });
}

/** The deadlines of all audits that `c` was asked for pass. */
function expire(scenario: Scenario): void {
  for (const { audit: number } of askedOf(scenario, 'c')) scenario.fire(`audit/${number}/${idOf('c')}`);
}

const standingOf = ({ state }: Scenario, name: string) => state.members[idOf(name)]!.standing;

describe('an auditor that never answers', () => {
  it('is told so, stays, and holds rounds up ever more rarely', () => {
    const scenario = begin();
    let waits = 0;
    for (let step = 0; scenario.state.committed < 120 && step < 1_000; step++) {
      answer(scenario, 'a', 'b');
      if (scenario.state.phase.name === 'auditing') {
        waits += 1;
        expire(scenario);
      } else playRound(scenario);
    }
    expect(scenario.state.committed).toBe(120);
    expect(waits).toBeGreaterThan(0);
    expect(waits).toBeLessThanOrEqual(7);
    expect(scenario.heard('c', 'blamed')[0]).toMatchObject({
      reason: 'it did not answer an audit in time',
      until: null,
    });
    expect(scenario.facts('memberGone')).toEqual([]);
  });

  it('is not held guilty again while it sits out for it: it is asked several times at once', () => {
    const scenario = begin();
    for (let played = 0; played < 4; played++) {
      answer(scenario, 'a', 'b');
      playRound(scenario);
    }
    expect(askedOf(scenario, 'c').length).toBeGreaterThan(2);
    expire(scenario);
    expect(standingOf(scenario, 'c')).toMatchObject({ strikes: 2 });
    expect(scenario.facts('memberSuspended')).toHaveLength(1);
  });

  it('has no part in it when it is gone', () => {
    const scenario = begin();
    playRound(scenario);
    scenario.lose('c');
    expect(standingOf(scenario, 'c').strikes).toBe(0);
  });
});

describe('a member that sits out', () => {
  /** `c` does from the coming round on. */
  function suspended(): Scenario {
    const scenario = begin();
    while (standingOf(scenario, 'c').strikes < 4) {
      answer(scenario, 'a', 'b');
      if (scenario.state.phase.name === 'auditing') expire(scenario);
      else playRound(scenario);
    }
    return scenario;
  }

  it('is drawn to audit only where nobody else could', () => {
    const scenario = suspended();
    answer(scenario, 'a', 'b');
    const before = scenario.facts('auditDrawn').length;
    for (let played = 0; played < 3; played++) {
      answer(scenario, 'a', 'b');
      playRound(scenario);
    }
    const drawn = scenario.facts('auditDrawn').slice(before);
    expect(drawn.map(({ auditor }) => auditor.at(-1)).toSorted()).toEqual(['a', 'a', 'a', 'b', 'b', 'b']);
    scenario.lose('b');
    scenario.seal('a');
    for (const name of ['c', 'a']) scenario.applied(name);
    expect(scenario.facts('auditDrawn').at(-1)).toMatchObject({ target: idOf('a'), auditor: idOf('c') });
  });
});
