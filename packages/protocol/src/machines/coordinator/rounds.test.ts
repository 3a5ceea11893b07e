import { describe, expect, it } from 'vitest';
import { round, view } from '../../core/ids.ts';
import { hashNo, idOf, numbers, Scenario } from './scenario.ts';

const three = () => new Scenario().join('a', 'b', 'c');
const workOf = (scenario: Scenario) =>
  Object.fromEntries(scenario.round.contributors.map(({ peerId, microBatches }) => [peerId.at(-1), microBatches]));

describe('a round in good order', () => {
  it('begins when enough members hold the same state, and gives each its turn', () => {
    const scenario = new Scenario().join('a', 'b');
    expect(scenario.state.phase.name).toBe('gathering');
    scenario.join('c');
    expect(workOf(scenario)).toEqual({ a: numbers(0, 3), b: numbers(1, 4), c: numbers(2, 5) });
    expect(scenario.heard('b', 'assign')).toHaveLength(1);
    expect(scenario.round.owners).toEqual(['a', 'b', 'c', 'a'].map(idOf));
  });

  it('is sealed only when every living member has gathered, and committed when all have applied', () => {
    const scenario = three();
    for (const name of ['a', 'b', 'c']) scenario.commit(name);
    for (const name of ['a', 'b', 'c']) scenario.reduced(name);
    scenario.gathered('a');
    scenario.gathered('b');
    expect(scenario.heard('a', 'seal')).toHaveLength(0);
    scenario.gathered('c');
    expect(scenario.heard('a', 'seal')).toHaveLength(1);
    scenario.applied('a');
    scenario.applied('b');
    expect(scenario.state.committed).toBe(0);
    scenario.applied('c');
    expect(scenario.state.committed).toBe(1);
    expect(scenario.facts('roundCommitted')[0]).toMatchObject({
      round: 0,
      samples: 12,
      members: 3,
      stateHash: hashNo(1),
      trainLoss: 0.5,
    });
    expect(workOf(scenario)).toEqual({ a: numbers(6, 9), b: numbers(7, 10), c: numbers(8, 11) });
  });

  it('gives a reason for every decision', () => {
    const scenario = three();
    expect(scenario.reason).toMatch(/is ready at round 0; round 0 begins with 3 contributors of 3 members/);
  });
});

describe('a member dies', () => {
  it('while computing: its micro-batches are queued and trained first in the next round', () => {
    const scenario = three();
    scenario.commit('a');
    scenario.lose('b');
    expect(scenario.round.view).toBe(2);
    expect(scenario.facts('viewChanged')[0]?.returned).toEqual(numbers(1, 4));
    expect(scenario.state.ledger.returned).toEqual(numbers(1, 4));
    scenario.commit('c');
    scenario.play('a', 'c');
    expect(scenario.state.committed).toBe(1);
    expect(workOf(scenario)).toEqual({ a: numbers(1, 6, 8), c: numbers(4, 7, 9) });
  });

  it('after its commit, before its buckets were reduced: the round goes on without it', () => {
    const scenario = three();
    for (const name of ['a', 'b', 'c']) scenario.commit(name);
    scenario.reduced('a');
    scenario.lose('b');
    expect(scenario.round.contributors.map(({ peerId }) => peerId)).toEqual([idOf('a'), idOf('c')]);
    expect(scenario.round.stage).toBe('reducing');
  });

  it('owning a bucket: only that bucket moves', () => {
    const scenario = three();
    scenario.lose('b');
    expect(scenario.round.owners).toEqual(['a', 'a', 'c', 'a'].map(idOf));
    expect(scenario.heard('c', 'view')[0]).toMatchObject({ view: 2, assignment: 1, owners: [0, 0, 1, 0] });
  });

  it('after everything was reduced, owning nothing: its contribution counts and no view changes', () => {
    const scenario = new Scenario({ startMembers: 3, buckets: 2 }).join('a', 'b', 'c');
    for (const name of ['a', 'b', 'c']) scenario.commit(name);
    for (const name of ['a', 'b']) scenario.reduced(name);
    scenario.lose('c');
    for (const name of ['a', 'b']) scenario.gathered(name);
    expect(scenario.facts('viewChanged')).toEqual([]);
    expect(scenario.facts('roundSealed')[0]).toMatchObject({ view: 1, samples: 12 });
  });

  it('having gathered, as an owner, before the others have: a new view, for its pushes may be incomplete', () => {
    const scenario = three();
    for (const name of ['a', 'b', 'c']) scenario.commit(name);
    for (const name of ['a', 'b', 'c']) scenario.reduced(name);
    scenario.gathered('b');
    scenario.lose('b');
    expect(scenario.round.view).toBe(2);
  });

  it('having gathered, as an owner, after the others have: the round is sealed with its contribution', () => {
    const scenario = three();
    for (const name of ['a', 'b', 'c']) scenario.commit(name);
    for (const name of ['a', 'b', 'c']) scenario.reduced(name);
    for (const name of ['a', 'c']) scenario.gathered(name);
    scenario.lose('b');
    expect(scenario.facts('roundSealed')[0]).toMatchObject({ view: 1, samples: 12 });
  });

  it('before its answer as an owner came, though all have gathered: a new view', () => {
    const scenario = three();
    for (const name of ['a', 'b', 'c']) scenario.commit(name);
    for (const name of ['a', 'c']) scenario.reduced(name);
    for (const name of ['a', 'b', 'c']) scenario.gathered(name);
    scenario.lose('b');
    expect(scenario.round.view).toBe(2);
  });

  it('before it applied: the others commit, and it is paid for its part', () => {
    const scenario = three().seal('a', 'b', 'c');
    scenario.applied('a');
    scenario.lose('b');
    scenario.applied('c');
    expect(scenario.state.committed).toBe(1);
    expect(scenario.state.accounts[idOf('b')]?.trained).toBe(2);
  });
});

describe('late and stale', () => {
  it('a contributor past the deadline is lost, and the round goes on', () => {
    const scenario = three();
    for (const name of ['a', 'c']) scenario.commit(name);
    scenario.fire('round');
    expect(scenario.facts('memberGone')[0]).toMatchObject({ peerId: idOf('b'), how: 'lost', code: 'ROUND_DEADLINE' });
    expect(scenario.done('disconnect').map(({ peerId }) => peerId)).toEqual([idOf('b')]);
    expect(scenario.round.view).toBe(2);
  });

  it('a contributor that was late has less work when it comes back', () => {
    const scenario = new Scenario({ assignment: 'adaptive' }).join('a', 'b', 'c');
    for (const name of ['a', 'c']) scenario.commit(name);
    scenario.fire('round');
    expect(scenario.state.members[idOf('b')]!.samplesPerSecond).toBeLessThan(100);
  });

  it('members that have not applied by the second deadline are lost, the first is for joiners', () => {
    const scenario = three().seal('a', 'b', 'c');
    for (const name of ['a', 'b']) scenario.applied(name);
    scenario.fire('apply');
    expect(scenario.facts('memberGone')).toEqual([]);
    scenario.fire('apply');
    expect(scenario.facts('memberGone')[0]).toMatchObject({ peerId: idOf('c'), code: 'ROUND_DEADLINE' });
    expect(scenario.state.committed).toBe(1);
  });

  it('whoever most of the waiting name is to blame, not they', () => {
    const scenario = three();
    for (const name of ['a', 'b', 'c']) scenario.commit(name);
    for (const name of ['a', 'c'])
      scenario.say(name, {
        type: 'fault',
        round: round(0),
        peerId: idOf('b'),
        code: 'CONTRIBUTION_MISSING',
        reason: '',
      });
    scenario.fire('round');
    expect(scenario.facts('memberGone').map(({ peerId }) => peerId)).toEqual([idOf('b')]);
  });

  it('answers to an older view change nothing', () => {
    const scenario = three();
    for (const name of ['a', 'b', 'c']) scenario.commit(name);
    scenario.lose('b');
    const before = scenario.state;
    scenario.say('a', { type: 'gathered', round: round(0), view: view(1), digest: hashNo(5) });
    scenario.say('a', { type: 'reduced', round: round(0), view: view(1), buckets: [], commitments: [] });
    scenario.commit('a', { assignment: view(0), root: hashNo(4) });
    expect(scenario.state).toBe(before);
  });

  it('a heartbeat leaves the state as it is and only moves the silence timer', () => {
    const scenario = three();
    const before = scenario.state;
    const effects = scenario.say('a', { type: 'heartbeat', round: round(0), phase: 'following' });
    expect(scenario.state).toBe(before);
    expect(effects).toEqual([{ type: 'setTimer', name: `silence/${idOf('a')}`, delay: 1000 }]);
  });

  it('silence loses a member', () => {
    const scenario = three();
    scenario.fire(`silence/${idOf('a')}`);
    expect(scenario.facts('memberGone')[0]).toMatchObject({ peerId: idOf('a'), code: 'SILENT' });
  });
});

describe('a member that lies', () => {
  it('with two commitments for one round is expelled', () => {
    const scenario = three();
    scenario.commit('a');
    scenario.commit('a', { root: hashNo(7) });
    expect(scenario.facts('memberGone')[0]).toMatchObject({ how: 'expelled', code: 'EQUIVOCATION' });
    expect(scenario.heard('a', 'stop')[0]).toMatchObject({ outcome: 'expelled' });
  });

  it('about its number of samples or its micro-batches is expelled', () => {
    for (const fields of [{ samples: 100 }, { microBatches: numbers(0, 4) }]) {
      const scenario = three();
      scenario.commit('a', fields);
      expect(scenario.facts('memberGone')[0]).toMatchObject({ how: 'expelled', code: 'BAD_COMMITMENT' });
    }
  });

  it('alone about the reduced buckets is lost; if most differ, one member reduces alone', () => {
    const minority = three();
    for (const name of ['a', 'b', 'c']) minority.commit(name);
    for (const name of ['a', 'b', 'c']) minority.reduced(name);
    for (const name of ['a', 'b']) minority.gathered(name);
    minority.gathered('c', hashNo(8));
    expect(minority.facts('memberGone')[0]).toMatchObject({ peerId: idOf('c'), code: 'DIGEST_MISMATCH' });

    const majority = three();
    for (const name of ['a', 'b', 'c']) majority.commit(name);
    for (const name of ['a', 'b', 'c']) majority.reduced(name);
    majority.gathered('a');
    for (const name of ['b', 'c']) majority.gathered(name, hashNo(8));
    expect(majority.round.owners).toEqual(['a', 'a', 'a', 'a'].map(idOf));
  });

  it('whose state differs once is resynced, twice expelled', () => {
    const scenario = new Scenario({ audit: { rate: 0, floor: 0, window: 4, accept: 5e-5, escalate: 2e-4 } })
      .join('a', 'b', 'c')
      .seal('a', 'b', 'c');
    scenario.applied('a');
    scenario.applied('b');
    scenario.applied('c', hashNo(666));
    expect(scenario.facts('memberFlagged')[0]).toMatchObject({ peerId: idOf('c'), code: 'WRONG_STATE' });
    scenario.play('a', 'b');
    expect(scenario.heard('c', 'resync')[0]?.sync).toMatchObject({ round: 2, stateHash: hashNo(2) });
    scenario.ready('c', 2, hashNo(667));
    expect(scenario.facts('memberGone')[0]).toMatchObject({ peerId: idOf('c'), how: 'expelled', code: 'WRONG_STATE' });
  });
});

describe('a member that was late in one stage', () => {
  it('is not blamed for what is late in the next', () => {
    const scenario = three();
    for (const name of ['a', 'b']) scenario.commit(name);
    const about = { peerId: idOf('c'), code: 'CONTRIBUTION_MISSING', reason: 'its contribution has not come' };
    scenario.say('a', { type: 'fault', round: round(0), ...about });
    scenario.commit('c');
    for (const name of ['b', 'c']) scenario.reduced(name);
    scenario.fire('round');
    expect(scenario.facts('memberGone').map(({ peerId }) => peerId)).toEqual([idOf('a')]);
  });
});

describe('a member dies where lost work is recomputed', () => {
  const recompute = () => new Scenario({ onLoss: 'recompute' }).join('a', 'b', 'c');

  it('while computing: the others take over its micro-batches in the same round, under a new assignment', () => {
    const scenario = recompute();
    scenario.commit('a');
    scenario.lose('b');
    expect(workOf(scenario)).toEqual({ a: numbers(0, 1, 3), c: numbers(2, 4, 5) });
    expect(scenario.round.contributors.map(({ assignment }) => assignment)).toEqual([2, 2]);
    expect(scenario.heard('a', 'view')[0]).toMatchObject({
      view: 2,
      assignment: 1,
      contributors: [{ assignment: 2 }, {}],
    });
    expect(scenario.state.ledger.returned).toEqual([]);
    expect(scenario.facts('viewChanged')[0]).toMatchObject({
      returned: [],
      reassigned: [{ microBatches: numbers(0, 1, 3) }, { microBatches: numbers(2, 4, 5) }],
    });
    scenario.play('a', 'c');
    expect(scenario.facts('roundCommitted')[0]).toMatchObject({ round: 0, samples: 12 });
    expect(workOf(scenario)).toEqual({ a: numbers(6, 8, 10), c: numbers(7, 9, 11) });
  });

  it('with one micro-batch: who takes nothing over keeps its assignment and its commitment', () => {
    const scenario = new Scenario({ onLoss: 'recompute', microBatchesPerRound: 3 }).join('a', 'b', 'c');
    for (const name of ['a', 'c']) scenario.commit(name);
    scenario.lose('b');
    expect(scenario.round.contributors).toMatchObject([
      { microBatches: numbers(0, 1), assignment: 2 },
      { microBatches: numbers(2), assignment: 1 },
    ]);
    expect(Object.keys(scenario.round.commitments)).toEqual([idOf('c')]);
    scenario.commit('a');
    expect(scenario.round.stage).toBe('reducing');
  });

  it('a commitment to the work before is late, and no second one', () => {
    const scenario = recompute();
    scenario.lose('b');
    scenario.commit('a', { assignment: view(1), microBatches: [...numbers(0, 3)], samples: 4 });
    expect(scenario.round.commitments).toEqual({});
    scenario.commit('a', { root: hashNo(7) });
    expect(scenario.round.commitments[idOf('a')]).toMatchObject({ root: hashNo(7), samples: 6 });
    expect(scenario.facts('memberGone').map(({ code }) => code)).toEqual(['DISCONNECTED']);
  });

  it('and those who take over have time for it', () => {
    const scenario = recompute();
    for (const name of ['a', 'b', 'c']) scenario.commit(name);
    const effects = scenario.tell({ type: 'disconnected', peerId: idOf('b'), reason: 'gone' });
    expect(effects).toContainEqual(expect.objectContaining({ type: 'setTimer', name: 'round' }));
    expect(scenario.round.stage).toBe('computing');
  });

  it('nobody who still computes what it had before gets less time for that', () => {
    const scenario = new Scenario({ onLoss: 'recompute', microBatchesPerRound: 4 });
    for (const name of ['a', 'b', 'c']) scenario.hello(name);
    for (const [name, samplesPerSecond] of [
      ['a', 1000],
      ['b', 1000],
      ['c', 0.1],
    ] as const)
      scenario.say(name, { type: 'ready', round: round(0), stateHash: hashNo(0), samplesPerSecond });
    const effects = scenario.tell({ type: 'disconnected', peerId: idOf('b'), reason: 'gone' });
    expect(scenario.round.contributors.map(({ assignment }) => assignment)).toEqual([2, 1]);
    const delays = effects.flatMap((effect) =>
      effect.type === 'setTimer' && effect.name === 'round' ? effect.delay : [],
    );
    // c trains one micro-batch of two samples at a tenth of a sample a second.
    expect(Math.max(...delays)).toBeGreaterThanOrEqual(3 * 20_000);
  });

  it('and so do the others, one after the other: the last one trains the whole round', () => {
    const scenario = recompute();
    scenario.lose('b', 'c');
    expect(workOf(scenario)).toEqual({ a: numbers(0, 1, 2, 3, 4, 5) });
    scenario.lose('a');
    expect(scenario.state.ledger.returned).toEqual(numbers(0, 1, 2, 3, 4, 5));
  });
});
