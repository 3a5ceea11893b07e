import { describe, expect, it } from 'vitest';
import { bucket, microBatch, round, view } from '../../core/ids.ts';
import { hashNo, idOf, Member, seal, signatureOf, viewOf } from './scenario.ts';

describe('a round', () => {
  it('goes from work to commitment, pushes, reductions, gathering and the new state', () => {
    const member = new Member().follow().gather();
    expect(member.done('compute')[0]).toMatchObject({ round: 0, assignment: 1, microBatches: [0] });
    expect(member.said('commit')[0]).toMatchObject({ root: hashNo(100), samples: 2 });
    expect(member.done('pushContribution').map(({ to, buckets }) => [to.peerId, buckets])).toEqual([
      [idOf('b'), [1]],
      [idOf('c'), [2]],
    ]);
    expect(member.done('reduce')[0]).toMatchObject({
      bucket: 0,
      terms: [{ peerId: idOf('a'), samples: 2, root: hashNo(100) }, { peerId: idOf('b') }, { peerId: idOf('c') }],
    });
    expect(member.done('pushReduced')[0]?.to.map(({ peerId: id }) => id)).toEqual([idOf('b'), idOf('c')]);
    expect(member.said('reduced')[0]).toMatchObject({
      buckets: [{ bucket: 0 }, { bucket: 3 }],
      commitments: [
        { root: hashNo(100), samples: 2, signature: signatureOf('a') },
        { root: hashNo(98), samples: 2, signature: signatureOf('b') },
        { root: hashNo(99), samples: 2, signature: signatureOf('c') },
      ],
    });
    expect(member.said('gathered')[0]?.digest).toBe(seal().digest);
    member.hear(seal());
    expect(member.effects.slice(-3).map(({ type }) => type)).toEqual(['retain', 'cancelTimer', 'apply']);
    member.tell({ type: 'applied', round: round(0), view: view(1), stateHash: hashNo(1), gradientNorm: 3 });
    expect(member.said('applied')[0]).toEqual({
      type: 'applied',
      round: 0,
      view: 1,
      stateHash: hashNo(1),
      gradientNorm: 3,
    });
  });

  it('takes frames that come before their assignment, and answers before the view', () => {
    const member = new Member().follow();
    for (const name of ['b', 'c']) for (const number of [0, 3]) member.contribution(name, number);
    member.reducedFrom('b', 1);
    member.reducedFrom('c', 2);
    member.assign();
    member.computed();
    expect(member.done('reduce').map(({ bucket: number }) => number)).toEqual([0, 3]);
    expect(member.state.collective?.reduced).toEqual([null, hashNo(1), hashNo(2), null]);
  });

  it('is not moved by what comes twice', () => {
    const member = new Member().follow().gather();
    const before = member.state;
    member.contribution('b', 0);
    member.reducedFrom('b', 1);
    member.computed();
    member.assign();
    expect(member.state).toBe(before);
  });

  it('forgets frames of an older assignment, of no contributor, and reduced buckets from others than the owner', () => {
    const member = new Member().follow();
    member.assign();
    member.contribution('b', 0, { assignment: view(0) });
    member.contribution('d', 0);
    member.reducedFrom('c', 1);
    expect(member.done('discard')).toMatchObject([
      { kind: 'contribution', from: idOf('b'), assignment: 0 },
      { kind: 'contribution', from: idOf('d') },
      { kind: 'reduced', bucket: 1 },
    ]);
  });

  it('tells of a contribution over other work than assigned, and of two commitments by one', () => {
    const member = new Member().follow();
    member.assign();
    member.contribution('b', 0, { microBatches: [microBatch(7)] });
    member.contribution('c', 0);
    member.contribution('c', 3, { root: hashNo(55) });
    member.contribution('c', 3, { samples: 99 });
    expect(member.said('fault').map(({ peerId: id, code }) => [id, code])).toEqual([
      [idOf('b'), 'BAD_CONTRIBUTION'],
      [idOf('c'), 'EQUIVOCATION'],
      [idOf('c'), 'EQUIVOCATION'],
    ]);
  });

  it('goes on in a new view with what it has: only moved buckets are pushed again, all own ones reduced anew', () => {
    const member = new Member().follow();
    member.assign();
    member.computed();
    for (const number of [0, 1, 3]) member.contribution('c', number);
    const effects = member.hear({ type: 'view', ...viewOf(2, 'ac', [0, 0, 1, 0]), reason: 'b is gone' });
    expect(effects.filter(({ type }) => type === 'pushContribution')).toEqual([]);
    expect(
      effects.flatMap((effect) =>
        effect.type === 'reduce' ? [[effect.bucket, effect.view, effect.terms.length]] : [],
      ),
    ).toEqual([
      [0, 2, 2],
      [1, 2, 2],
      [3, 2, 2],
    ]);
    member.tell({ type: 'reduced', round: round(0), view: view(1), bucket: bucket(0), hash: hashNo(9) });
    expect(member.state.collective?.reduced[0]).toBeNull();
  });

  it('pushes a bucket again whose owner changed', () => {
    const member = new Member().follow();
    member.assign();
    member.computed();
    const effects = member.hear({ type: 'view', ...viewOf(2, 'ac', [0, 1, 1, 0]), reason: 'b is gone' });
    expect(effects.filter((effect) => effect.type === 'pushContribution')).toMatchObject([
      { to: { peerId: idOf('c') }, buckets: [1] },
    ]);
  });

  it('ignores an older view', () => {
    const member = new Member().follow();
    member.assign();
    member.hear({ type: 'view', ...viewOf(3, 'ac', [0, 1, 1, 0]), reason: '' });
    const before = member.state;
    member.hear({ type: 'view', ...viewOf(2), reason: '' });
    expect(member.state).toBe(before);
  });

  it('names whom it waits for', () => {
    const member = new Member().follow();
    member.assign();
    member.computed();
    for (const number of [0, 3]) member.contribution('b', number);
    member.tell({ type: 'timer', name: 'stalled' });
    expect(member.said('fault')).toMatchObject([{ peerId: idOf('c'), code: 'CONTRIBUTION_MISSING' }]);
  });

  it('fetches the sealed bucket where it has another or none', () => {
    const member = new Member().follow().gather();
    member.hear(seal({ hashes: [hashNo(0), hashNo(77), hashNo(2), hashNo(3)] }));
    expect(member.done('fetchReduced')[0]).toMatchObject({
      view: 1,
      buckets: [{ bucket: 1, hash: hashNo(77) }],
      holders: [{ peerId: idOf('b') }],
    });
    expect(member.done('apply')).toEqual([]);
    member.tell({ type: 'reducedFetched', round: round(0), view: view(1), buckets: [bucket(1)] });
    expect(member.done('apply')).toHaveLength(1);
  });

  it('stands a few failed reductions, and leaves after too many', () => {
    const member = new Member().follow();
    member.assign();
    member.tell({ type: 'failed', effect: 'reduce', reason: 'the view is gone' });
    expect(member.done('exit')).toEqual([]);
    for (let i = 0; i < 64; i++) member.tell({ type: 'failed', effect: 'reduce', reason: 'no' });
    expect(member.done('exit')[0]).toMatchObject({ outcome: 'failed', code: 'REDUCE_FAILED' });
  });
});

describe('early frames', () => {
  it('of one sender fill only that sender’s room', () => {
    const member = new Member().follow();
    for (const number of [0, 1, 2, 3, 0]) member.contribution('c', number, { assignment: view(9) });
    expect(member.done('discard')).toHaveLength(1);
    member.contribution('b', 0);
    expect(member.done('discard')).toHaveLength(1);
    expect(member.state.early.contributions).toHaveLength(5);
  });

  it('of strangers are forgotten as soon as a view says who is a member', () => {
    const member = new Member().follow();
    for (const stranger of 'stuvwxyz')
      for (const number of [0, 1, 2, 3]) member.contribution(stranger, number, { assignment: view(2) });
    member.reducedFrom('s', 1, 2);
    member.assign();
    expect(member.state.early).toEqual({ contributions: [], reduced: [] });
    expect(member.done('discard')).toHaveLength(33);
  });

  it('of strangers give way to those of members when there is no room left', () => {
    const member = new Member().follow();
    member.assign();
    for (const stranger of 'stuvwxyz')
      for (const number of [0, 1, 2, 3]) member.contribution(stranger, number, { assignment: view(9) });
    member.contribution('r', 0, { assignment: view(2) });
    expect(member.done('discard')).toMatchObject([{ from: idOf('r') }]);
    member.contribution('c', 0, { assignment: view(2) });
    expect(member.done('discard')).toMatchObject([{ from: idOf('r') }, { from: idOf('s'), bucket: 0 }]);
    expect(member.state.early.contributions).toHaveLength(32);
    member.hear({
      type: 'assign',
      ...viewOf(2),
      deadlineMs: 1000,
      contributors: viewOf(2).contributors.map((one) => ({ ...one, assignment: view(2) })),
    });
    expect(member.state.collective?.arrived[0]).toEqual([idOf('c')]);
  });

  it('of a member go on waiting for a view that is near, and not for one that is far', () => {
    const member = new Member().follow();
    member.contribution('b', 0, { assignment: view(3) });
    member.contribution('c', 0, { assignment: view(2 ** 40) });
    member.assign();
    expect(member.state.early.contributions).toMatchObject([{ from: idOf('b') }]);
    expect(member.done('discard')).toMatchObject([{ from: idOf('c') }]);
  });
});

describe('work of a lost member', () => {
  /** View 2 without b: its micro-batch 1 goes to a, or to c. */
  const takenOverBy = (name: 'a' | 'c', owners: number[]) => ({
    type: 'view' as const,
    ...viewOf(2, 'ac', owners),
    reason: 'b is gone',
    contributors: viewOf(2, 'ac').contributors.map((one) =>
      one.peerId === idOf(name)
        ? { ...one, assignment: view(2), microBatches: [...one.microBatches, microBatch(1)] }
        : one,
    ),
  });

  it('is computed with the own work, committed to anew and pushed as a whole', () => {
    const member = new Member().follow();
    member.assign();
    member.computed();
    const effects = member.hear(takenOverBy('a', [0, 1, 1, 0]));
    expect(effects).toContainEqual({ type: 'compute', round: 0, assignment: 2, microBatches: [0, 1] });
    expect(effects.filter(({ type }) => type === 'pushContribution' || type === 'reduce')).toEqual([]);
    member.computed();
    expect(member.said('commit')).toHaveLength(1);
    member.computed(0, 2);
    expect(member.said('commit').map(({ assignment }) => assignment)).toEqual([1, 2]);
    expect(member.done('pushContribution').at(-1)).toMatchObject({ assignment: 2, buckets: [1, 2] });
  });

  it('makes what its new maker sent before worthless, and waits for the new contribution', () => {
    const member = new Member().follow();
    member.assign();
    member.computed();
    for (const number of [0, 3]) member.contribution('c', number);
    member.hear(takenOverBy('c', [0, 1, 1, 0]));
    expect(member.done('discard')).toMatchObject([
      { from: idOf('c'), assignment: 1, bucket: 0 },
      { from: idOf('c'), assignment: 1, bucket: 3 },
    ]);
    member.contribution('c', 0);
    expect(member.done('discard')).toHaveLength(3);
    expect(member.done('reduce')).toEqual([]);
    const anew = { assignment: view(2), microBatches: [microBatch(2), microBatch(1)], root: hashNo(88), samples: 4 };
    for (const number of [0, 3]) member.contribution('c', number, anew);
    expect(member.done('reduce').map(({ terms }) => terms.map(({ assignment }) => assignment))).toEqual([
      [1, 2],
      [1, 2],
    ]);
    expect(member.said('fault')).toEqual([]);
  });

  it('may come before the view that hands it out', () => {
    const member = new Member().follow();
    member.assign();
    member.computed();
    const anew = { assignment: view(2), microBatches: [microBatch(2), microBatch(1)], root: hashNo(88), samples: 4 };
    for (const number of [0, 3]) member.contribution('c', number, anew);
    expect(member.done('discard')).toEqual([]);
    member.hear(takenOverBy('c', [0, 1, 1, 0]));
    expect(member.done('reduce').map(({ bucket: number }) => number)).toEqual([0, 3]);
  });

  it('is stopped under its own assignment when the coordinator goes', () => {
    const member = new Member().follow();
    member.assign();
    member.computed();
    member.hear(takenOverBy('a', [0, 1, 1, 0]));
    member.tell({ type: 'disconnected', reason: 'gone' });
    expect(member.done('cancelCompute')).toEqual([{ type: 'cancelCompute', assignment: 2 }]);
  });
});
