import { describe, expect, it } from 'vitest';
import { hex, round } from '../../core/ids.ts';
import { claimsOf } from './evidence.ts';
import { hashNo, idOf, rootOf, Scenario } from './scenario.ts';
import type { ShownCommitment } from './state.ts';

const three = () => new Scenario().join('a', 'b', 'c');

/** The round's commitments as an honest owner passes them on, but for what `name` showed it. */
function seenByOwner({ round: { contributors } }: Scenario, name: string, other: Partial<ShownCommitment>) {
  return contributors.map(({ peerId, microBatches }) => ({
    root: rootOf(peerId.at(-1)),
    samples: microBatches.length * 2,
    signature: hex('0x'),
    ...(peerId === idOf(name) ? other : {}),
  }));
}

describe('what an owner passes on', () => {
  const claimsOfA = (scenario: Scenario, other: Partial<ShownCommitment> = {}) => {
    const commitments = seenByOwner(scenario, 'b', other);
    const { view } = scenario.round;
    return claimsOf(scenario.state, idOf('a'), { type: 'reduced', round: round(0), view, buckets: [], commitments });
  };

  it('needs no check where it is what the coordinator has been told', () => {
    const scenario = three();
    for (const name of ['a', 'b', 'c']) scenario.commit(name);
    expect(claimsOfA(scenario)).toEqual([]);
  });

  it('is checked where it differs, against the work that was handed out', () => {
    const scenario = three();
    for (const name of ['a', 'b', 'c']) scenario.commit(name);
    const { microBatches } = scenario.round.contributors.find(({ peerId }) => peerId === idOf('b'))!;
    const terms = { runId: scenario.state.config.runId, round: 0, assignment: 1, microBatches };
    expect(claimsOfA(scenario, { root: hashNo(6) })).toEqual([
      { peerId: idOf('b'), terms: { ...terms, root: hashNo(6), samples: 4 }, signature: '0x' },
    ]);
  });

  it('is checked once where the coordinator has not been told', () => {
    const scenario = three();
    for (const name of ['a', 'c']) scenario.commit(name);
    expect(claimsOfA(scenario).map(({ peerId }) => peerId)).toEqual([idOf('b')]);
    scenario.reduced('c');
    expect(claimsOfA(scenario)).toEqual([]);
  });

  it('is not checked in a message that is ignored', () => {
    const scenario = three();
    for (const name of ['a', 'b', 'c']) scenario.commit(name);
    scenario.reduced('a');
    expect(claimsOfA(scenario, { root: hashNo(6) })).toEqual([]);
  });
});

describe('a member that lies', () => {
  it('with two signed commitments, of which an owner shows one, is expelled at once, and the round goes on', () => {
    const scenario = three();
    for (const name of ['a', 'b', 'c']) scenario.commit(name);
    scenario.reduced('a', { commitments: seenByOwner(scenario, 'b', { root: hashNo(6) }) });
    expect(scenario.facts('memberGone')).toMatchObject([{ peerId: idOf('b'), how: 'expelled', code: 'EQUIVOCATION' }]);
    expect(scenario.round).toMatchObject({ view: 2, contributors: [{ peerId: idOf('a') }, { peerId: idOf('c') }] });
    for (const name of ['a', 'c']) scenario.reduced(name);
    for (const name of ['a', 'c']) scenario.gathered(name);
    expect(scenario.state.phase.name).toBe('applying');
  });

  it('about its weight to an owner only is expelled as well', () => {
    const scenario = three();
    for (const name of ['a', 'b', 'c']) scenario.commit(name);
    scenario.reduced('a', { commitments: seenByOwner(scenario, 'b', { samples: 4_000 }) });
    expect(scenario.facts('memberGone')).toMatchObject([{ peerId: idOf('b'), how: 'expelled', code: 'EQUIVOCATION' }]);
  });

  it('is found too when its own message comes after all owners’, though it owns nothing', () => {
    const scenario = new Scenario();
    for (const name of ['a', 'b']) scenario.hello(name);
    scenario.hello('c', { addresses: [] });
    for (const name of ['a', 'b', 'c']) scenario.ready(name);
    for (const name of ['a', 'b']) scenario.commit(name);
    for (const name of ['a', 'b'])
      scenario.reduced(name, { commitments: seenByOwner(scenario, 'c', { root: hashNo(6) }) });
    expect(scenario.facts('memberGone')).toEqual([]);
    scenario.commit('c');
    expect(scenario.facts('memberGone')).toMatchObject([{ peerId: idOf('c'), how: 'expelled', code: 'EQUIVOCATION' }]);
    expect(scenario.round).toMatchObject({ view: 2, contributors: [{ peerId: idOf('a') }, { peerId: idOf('b') }] });
  });

  it('to two owners in two ways is found before it says anything itself', () => {
    const scenario = three();
    for (const name of ['a', 'c']) scenario.commit(name);
    scenario.reduced('a');
    scenario.reduced('c', { commitments: seenByOwner(scenario, 'b', { root: hashNo(6) }) });
    expect(scenario.facts('memberGone')).toMatchObject([{ peerId: idOf('b'), how: 'expelled', code: 'EQUIVOCATION' }]);
  });

  it('as an owner, and is caught by the shell, is lost; the one that it spoke of loses nothing', () => {
    const scenario = three();
    for (const name of ['a', 'b', 'c']) scenario.commit(name);
    scenario.tell({ type: 'faulted', peerId: idOf('a'), code: 'FAULT_FORGED', reason: 'b did not sign that' });
    expect(scenario.facts('memberGone')).toMatchObject([{ peerId: idOf('a'), how: 'lost', code: 'FAULT_FORGED' }]);
    expect(scenario.round.contributors.map(({ peerId }) => peerId)).toEqual([idOf('b'), idOf('c')]);
  });
});
