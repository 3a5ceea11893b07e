/** Owners that tell the coordinator of other buckets than they give out. */
import { describe, expect, it } from 'vitest';
import { ownedBy } from '../member/state.ts';
import type { CoordinatorConfig } from './config.ts';
import { nextSoleOwner } from './digests.ts';
import { hashNo, idOf, Scenario } from './scenario.ts';

const losses = (scenario: Scenario) => scenario.facts('memberGone').map(({ peerId, code }) => [peerId.at(-1), code]);
const strikes = (scenario: Scenario, name: string) => scenario.state.members[idOf(name)]?.standing.strikes;
const membersOf = (scenario: Scenario) => scenario.round.members.map((peer) => peer.at(-1));

function runOf(names: readonly string[], config: Partial<CoordinatorConfig> = {}): Scenario {
  return new Scenario({ rounds: 100, startMembers: names.length, buckets: 8, maxMembers: 9, ...config }).join(...names);
}

/** One view in which the owners among `liars` tell of buckets that nobody has, and all gather what was given out. */
function reduceAndGather(scenario: Scenario, liars: readonly string[], gathers: (name: string) => number | null): void {
  const { owners, view } = scenario.round;
  for (const name of membersOf(scenario)) {
    const buckets = ownedBy(owners, idOf(name)).map((bucket) => ({ bucket, hash: hashNo(7) }));
    if (buckets.length > 0) scenario.reduced(name, liars.includes(name) ? { buckets } : {});
  }
  for (const name of membersOf(scenario)) {
    const digest = gathers(name);
    if (scenario.state.phase.name === 'training' && scenario.round.view === view)
      scenario.gathered(name, ...(digest === null ? [] : [hashNo(digest)]));
  }
}

/** Views until the round is sealed or given up. */
function settle(scenario: Scenario, liars: readonly string[], gathers: (name: string) => number | null): number {
  const { startedAt } = scenario.round;
  const first = scenario.round.view;
  for (let views = 1; views < 100; views++) {
    for (const { peerId } of scenario.round.contributors)
      if (scenario.round.commitments[peerId] === undefined) scenario.commit(peerId.at(-1));
    reduceAndGather(scenario, liars, gathers);
    const { phase } = scenario.state;
    if (phase.name !== 'training' || phase.round.startedAt !== startedAt) return views;
  }
  throw new Error(`the round has no end after view ${first}`);
}

const truth = () => null;

describe('an owner that tells of other buckets than it gives out', () => {
  it.each([
    ['three', ['a', 'b', 'c'], {}],
    ['five', ['a', 'b', 'c', 'd', 'e'], {}],
    ['five whose losses are recomputed', ['a', 'b', 'c', 'd', 'e'], { onLoss: 'recompute' as const }],
  ])('among %s is lost as soon as it reduces alone', (_how, names, config) => {
    const scenario = runOf(names, config);
    expect(settle(scenario, ['a'], truth)).toBe(3);
    expect(scenario.state.phase.name).toBe('applying');
    expect(losses(scenario)).toEqual([['a', 'DIGEST_MISMATCH']]);
    expect(names.map((name) => strikes(scenario, name))).toEqual([1, ...names.slice(1).map(() => 0)]);
  });

  it('costs a round one change of view when somebody else is asked to reduce alone', () => {
    const scenario = runOf(['a', 'b', 'c']);
    expect(settle(scenario, ['c'], truth)).toBe(2);
    expect(scenario.round.owners).toEqual(Array.from({ length: 8 }, () => idOf('a')));
    expect(losses(scenario)).toEqual([]);
  });

  it('is found however many lie beside it, and views have an end', () => {
    const scenario = runOf(['a', 'b', 'c', 'd', 'e']);
    expect(settle(scenario, ['a', 'b', 'c', 'd'], truth)).toBeLessThanOrEqual(10);
    expect(losses(scenario)).toEqual([['a', 'b', 'c', 'd'].map((name) => [name, 'DIGEST_MISMATCH'])].flat());
    expect(scenario.state.phase.name).toBe('applying');
  });

  it('is found though it left before the others had compared', () => {
    const scenario = runOf(['a', 'b', 'c']);
    for (const name of ['a', 'b', 'c']) scenario.commit(name);
    reduceAndGather(scenario, ['a'], truth);
    const buckets = ownedBy(scenario.round.owners, idOf('a')).map((bucket) => ({ bucket, hash: hashNo(7) }));
    scenario.reduced('a', { buckets });
    for (const name of ['b', 'c']) scenario.gathered(name);
    scenario.lose('a');
    expect(strikes(scenario, 'a')).toBe(1);
    expect(scenario.round.owners).not.toContain(idOf('a'));
    expect(settle(scenario, [], truth)).toBe(1);
  });

  it('as the only one that can be dialled is lost at once', () => {
    const scenario = new Scenario({ buckets: 4 });
    scenario.hello('a');
    for (const client of ['b', 'c']) scenario.hello(client, { addresses: [] });
    for (const name of ['a', 'b', 'c']) scenario.ready(name);
    expect(settle(scenario, ['a'], truth)).toBe(1);
    expect(losses(scenario)).toEqual([['a', 'DIGEST_MISMATCH']]);
    expect(scenario.state.phase.name).toBe('gathering');
    expect(scenario.state.ledger.returned).toHaveLength(6);
  });

  it('is not taken for a liar when most gather what it told', () => {
    const scenario = runOf(['a', 'b', 'c', 'd', 'e']);
    expect(settle(scenario, [], (name) => (name === 'd' || name === 'e' ? 5 : null))).toBe(1);
    expect(losses(scenario).map(([name]) => name)).toEqual(['d', 'e']);
    expect(scenario.state.phase.name).toBe('applying');
  });
});

describe('one that stands against one', () => {
  const lie = (name: string) => (name === 'b' ? 5 : null);

  it('counts against both, and more against the one that contradicts itself', () => {
    const scenario = runOf(['a', 'b']);
    expect(settle(scenario, [], lie)).toBe(4);
    expect([strikes(scenario, 'a'), strikes(scenario, 'b')]).toEqual([1, 2]);
    expect(losses(scenario)).toEqual([['b', 'DIGEST_MISMATCH']]);
    expect(scenario.state.phase.name).toBe('applying');
  });

  it('whoever reduces, ends the round when both have', () => {
    const scenario = runOf(['a', 'b']);
    const whoeverReduces = (name: string) => (scenario.round.owners[0] === idOf(name) ? null : 5);
    expect(settle(scenario, [], whoeverReduces)).toBe(3);
    expect(scenario.facts('roundAbandoned')).toHaveLength(1);
    expect([strikes(scenario, 'a'), strikes(scenario, 'b')]).toEqual([2, 2]);
    expect(losses(scenario)).toEqual([]);
    expect(membersOf(scenario)).toEqual(['a']);
  });

  it('leaves the run to one of them, who can be dialled', () => {
    const scenario = new Scenario({ startMembers: 2, rounds: 50 });
    scenario.hello('b', { addresses: [] });
    scenario.hello('a');
    for (const name of ['a', 'b']) scenario.ready(name);
    let disputes = 0;
    while (scenario.state.committed < 40 && disputes < 40) {
      if (membersOf(scenario).includes('b')) {
        settle(scenario, [], lie);
        disputes += 1;
      } else scenario.seal('a');
      for (const name of ['a', 'b']) if (scenario.state.phase.name === 'applying') scenario.applied(name);
    }
    expect(scenario.state.committed).toBe(40);
    expect(disputes).toBeLessThanOrEqual(7);
  });
});

describe('who reduces alone', () => {
  it('begins with another one each round, is asked once, and can be dialled', () => {
    const { members } = runOf(['a', 'b', 'c']).state;
    const living = [members[idOf('a')]!, { ...members[idOf('b')]!, addresses: [] }, members[idOf('c')]!];
    const next = (round: number, disputed: string[] = []) =>
      nextSoleOwner({ round: round as never, disputed: disputed.map(idOf) }, living)?.at(-1) ?? null;
    expect([next(0), next(1), next(2)]).toEqual(['a', 'c', 'a']);
    expect([next(0, ['a']), next(0, ['a', 'c'])]).toEqual(['c', null]);
    expect(nextSoleOwner({ round: 0 as never, disputed: [] }, [])).toBeNull();
  });
});
