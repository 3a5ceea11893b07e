import { describe, expect, it } from 'vitest';
import {
  address,
  bucket,
  hash,
  hex,
  microBatch,
  peerId,
  round,
  runId,
  view,
  type Hash,
  type PeerId,
} from '../../core/ids.ts';
import { milliseconds, timestamp } from '../../core/units.ts';
import { tensorTreeOfHashes } from '../../merkle/tensor-tree.ts';
import type { CoordinatorMessage, CoordinatorMessageOf, WorkerMessage } from '../../wire/control.ts';
import type { MemberEffect, MemberEffectOf, MemberEffectType } from './effects.ts';
import type { MemberEvent } from './events.ts';
import type { MemberState } from './state.ts';
import { initialMember, memberTransition } from './transition.ts';

const idOf = (name: string): PeerId => peerId(`16Uiu2HAm${name.repeat(44)}`);
const hashNo = (number: number): Hash => hash(`0x${number.toString(16).padStart(64, '0')}`);
const own = address(`0x${'a'.repeat(40)}`);
type Happening = MemberEvent extends infer E ? (E extends MemberEvent ? Omit<E, 'at'> : never) : never;

/** Member `a` of a run of `a`, `b` and `c`, four buckets. */
class Member {
  readonly effects: MemberEffect[] = [];
  state: MemberState = initialMember({
    peerId: idOf('a'),
    auditWindow: 4,
    sealedWindow: 8,
    reconnectDelay: milliseconds(100),
    identity: {
      protocolVersion: '1.0.0',
      agent: 'test',
      address: own,
      payout: own,
      possession: hex('0x'),
      backend: 'exact',
      adapter: { name: 'cpu', kind: 'cpu', class: 'exact' },
      addresses: ['/memory/a'],
    },
  });

  tell(happening: Happening): readonly MemberEffect[] {
    const { state, effects } = memberTransition(this.state, { ...happening, at: timestamp(0) } as MemberEvent);
    this.state = state;
    this.effects.push(...effects);
    return effects;
  }

  hear(message: CoordinatorMessage): readonly MemberEffect[] {
    return this.tell({ type: 'message', message });
  }

  /** Up to `ready` at round 0. */
  follow(): this {
    this.tell({ type: 'connected' });
    this.hear({ type: 'welcome', runId: runId('test-00000001'), job: {}, heartbeatMs: 250, sync: null });
    this.tell({ type: 'prepared', buckets: 4, samplesPerSecond: 100 });
    this.tell({ type: 'stateHeld', round: round(0), stateHash: hashNo(0) });
    return this;
  }

  assign(fields: Partial<CoordinatorMessageOf<'assign'>> = {}): readonly MemberEffect[] {
    return this.hear({ type: 'assign', ...viewOf(1), deadlineMs: 1000, ...fields });
  }

  computed(at = 0, assignment = 1): readonly MemberEffect[] {
    return this.tell({
      type: 'computed',
      round: round(at),
      assignment: view(assignment),
      root: hashNo(100),
      microBatches: [microBatch(0)],
      samples: 2,
      lossSum: 1,
      computeMs: 5,
      signature: hex('0x01'),
    });
  }

  contribution(name: string, number: number, fields: object = {}): readonly MemberEffect[] {
    return this.tell({
      type: 'contributionReceived',
      from: idOf(name),
      bucket: bucket(number),
      round: round(0),
      assignment: view(1),
      microBatches: [microBatch(name.charCodeAt(0) - 97)],
      samples: 2,
      root: hashNo(name.charCodeAt(0)),
      ...fields,
    });
  }

  reducedFrom(name: string, number: number, under = 1, value = number): readonly MemberEffect[] {
    return this.tell({
      type: 'reducedReceived',
      from: idOf(name),
      round: round(0),
      view: view(under),
      bucket: bucket(number),
      hash: hashNo(value),
    });
  }

  /** Through the whole round 0 up to `gathered`. */
  gather(): this {
    this.assign();
    this.computed();
    for (const name of ['b', 'c']) for (const number of [0, 3]) this.contribution(name, number);
    for (const number of [0, 3])
      this.tell({ type: 'reduced', round: round(0), view: view(1), bucket: bucket(number), hash: hashNo(number) });
    this.reducedFrom('b', 1);
    this.reducedFrom('c', 2);
    return this;
  }

  done<T extends MemberEffectType>(type: T): MemberEffectOf<T>[] {
    return this.effects.filter((effect): effect is MemberEffect & MemberEffectOf<T> => effect.type === type);
  }

  said<T extends WorkerMessage['type']>(type: T): Extract<WorkerMessage, { type: T }>[] {
    return this.done('send').flatMap(({ message }) =>
      message.type === type ? [message as Extract<WorkerMessage, { type: T }>] : [],
    );
  }
}

/** All three contribute; buckets 0 and 3 are a's, 1 is b's, 2 is c's. */
function viewOf(number: number, names = 'abc', owners = [0, 1, 2, 0]) {
  return {
    round: round(0),
    view: view(number),
    assignment: view(1),
    owners,
    contributors: [...names].map((name) => ({
      peerId: idOf(name),
      microBatches: [microBatch(name.charCodeAt(0) - 97)],
    })),
    members: [...names].map((name) => ({ peerId: idOf(name), addresses: [`/memory/${name}`] })),
  };
}

const seal = (fields: Partial<CoordinatorMessageOf<'seal'>> = {}): CoordinatorMessageOf<'seal'> => ({
  type: 'seal',
  round: round(0),
  view: view(1),
  digest: tensorTreeOfHashes([0, 1, 2, 3].map(hashNo)).root,
  hashes: [0, 1, 2, 3].map(hashNo),
  samples: 6,
  holders: [{ peerId: idOf('b'), addresses: ['/memory/b'] }],
  snapshot: false,
  ...fields,
});

describe('joining', () => {
  it('says hello, prepares, makes the first state and is ready', () => {
    const member = new Member().follow();
    expect(member.said('hello')[0]).toMatchObject({ holds: null, address: own });
    expect(member.done('initialise')).toHaveLength(1);
    expect(member.said('ready')[0]).toMatchObject({ round: 0, stateHash: hashNo(0), samplesPerSecond: 100 });
  });

  it('mid-run applies what was sealed meanwhile, fetching it, before it is ready', () => {
    const member = new Member();
    member.tell({ type: 'connected' });
    member.hear({
      type: 'welcome',
      runId: runId('test-00000001'),
      job: {},
      heartbeatMs: 250,
      sync: { round: round(5), stateHash: hashNo(5), sources: [] },
    });
    member.hear(seal({ round: round(5), view: view(9) }));
    member.tell({ type: 'prepared', buckets: 4, samplesPerSecond: 100 });
    member.hear(seal({ round: round(6), view: view(10) }));
    member.tell({ type: 'stateHeld', round: round(5), stateHash: hashNo(5) });
    expect(member.said('ready')).toEqual([]);
    for (const [at, number] of [
      [5, 9],
      [6, 10],
    ] as const) {
      expect(member.done('fetchReduced').at(-1)).toMatchObject({ view: number });
      member.tell({ type: 'reducedFetched', round: round(at), view: view(number), buckets: [] });
      member.tell({
        type: 'applied',
        round: round(at),
        view: view(number),
        stateHash: hashNo(at + 1),
        gradientNorm: 1,
      });
    }
    expect(member.said('ready')).toEqual([{ type: 'ready', round: 7, stateHash: hashNo(7), samplesPerSecond: 100 }]);
    expect(member.said('applied')).toEqual([]);
  });

  it('says so when no source has the state, or gives another', () => {
    for (const answer of [
      { type: 'failed', effect: 'fetchState', reason: 'all gone' },
      { type: 'stateHeld', round: round(5), stateHash: hashNo(6) },
    ] as const) {
      const member = new Member();
      member.tell({ type: 'connected' });
      member.hear({
        type: 'welcome',
        runId: runId('test-00000001'),
        job: {},
        heartbeatMs: 250,
        sync: { round: round(5), stateHash: hashNo(5), sources: [] },
      });
      member.tell({ type: 'prepared', buckets: 4, samplesPerSecond: 100 });
      member.tell(answer);
      expect(member.said('unsynced')[0]).toMatchObject({ round: 5 });
    }
  });

  it('ends when it is refused or stopped, and does nothing afterwards', () => {
    const member = new Member().follow();
    member.hear({ type: 'stop', outcome: 'finished', reason: 'done' });
    expect(member.done('exit')[0]).toMatchObject({ outcome: 'finished' });
    expect(member.assign()).toEqual([]);
  });
});

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
      roots: [hashNo(100), hashNo(98), hashNo(99)],
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
    expect(member.said('fault').map(({ peerId: id, code }) => [id, code])).toEqual([
      [idOf('b'), 'BAD_CONTRIBUTION'],
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

describe('coming back', () => {
  const applied = () => {
    const member = new Member().follow().gather();
    member.hear(seal());
    member.tell({ type: 'applied', round: round(0), view: view(1), stateHash: hashNo(1), gradientNorm: 3 });
    return member;
  };

  it('redials with longer and longer pauses and says what it holds, and which seal led there', () => {
    const member = applied();
    member.tell({ type: 'disconnected', reason: 'gone' });
    member.tell({ type: 'timer', name: 'reconnect' });
    member.tell({ type: 'disconnected', reason: 'refused' });
    expect(
      member
        .done('setTimer')
        .filter(({ name }) => name === 'reconnect')
        .map(({ delay }) => delay),
    ).toEqual([100, 200]);
    expect(member.done('connect')).toHaveLength(1);
    member.tell({ type: 'connected' });
    expect(member.said('hello')[1]?.holds).toEqual({ runId: 'test-00000001', round: 1, stateHash: hashNo(1), view: 1 });
    member.hear({
      type: 'welcome',
      runId: runId('test-00000001'),
      job: {},
      heartbeatMs: 250,
      sync: { round: round(1), stateHash: hashNo(1), sources: [] },
    });
    expect(member.done('prepare')).toHaveLength(1);
    expect(member.said('ready')).toHaveLength(2);
  });

  it('says again that it applied when the seal comes again', () => {
    const member = applied();
    member.hear(seal());
    expect(member.said('applied')).toHaveLength(2);
    expect(member.done('apply')).toHaveLength(1);
  });

  it('applies a seal that comes after the restart from the buckets it gathered before', () => {
    const member = new Member().follow().gather();
    member.tell({ type: 'disconnected', reason: 'gone' });
    member.tell({ type: 'connected' });
    member.hear({
      type: 'welcome',
      runId: runId('test-00000001'),
      job: {},
      heartbeatMs: 250,
      sync: { round: round(0), stateHash: hashNo(0), sources: [] },
    });
    member.hear(seal());
    expect(member.done('apply')).toHaveLength(1);
    expect(member.done('fetchReduced')).toEqual([]);
  });

  it('says nothing while there is no stream', () => {
    const member = new Member().follow();
    member.assign();
    member.tell({ type: 'disconnected', reason: 'gone' });
    expect(member.done('cancelCompute')).toHaveLength(1);
    const before = member.done('send').length;
    member.computed();
    member.tell({ type: 'timer', name: 'heartbeat' });
    expect(member.done('send')).toHaveLength(before);
  });
});

describe('duties', () => {
  const audit: CoordinatorMessageOf<'audit'> = {
    type: 'audit',
    audit: 3,
    round: round(0),
    assignment: view(1),
    target: { peerId: idOf('b'), addresses: [] },
    microBatches: [],
    root: hashNo(98),
    samples: 2,
  };

  it('audits while it has the round’s parameters, and keeps them until it is done', () => {
    const member = new Member().follow().gather();
    member.hear(seal());
    member.tell({ type: 'applied', round: round(0), view: view(1), stateHash: hashNo(1), gradientNorm: 3 });
    member.hear(audit);
    member.hear(audit);
    expect(member.done('audit')).toHaveLength(1);
    member.tell({ type: 'audited', audit: 3, outcome: 'compared', relativeError: 1e-7, reason: 'equal' });
    expect(member.said('verdict')).toEqual([
      { type: 'verdict', audit: 3, outcome: 'compared', relativeError: 1e-7, reason: 'equal' },
    ]);
  });

  it('says at once that it no longer has them', () => {
    const member = new Member().follow();
    member.hear(audit);
    expect(member.said('verdict')[0]).toMatchObject({ audit: 3, outcome: 'expired' });
  });

  it('does not sign an epoch that gives it less than it was told, or whose sum is wrong', () => {
    const member = new Member().follow();
    const attest = (cumulativeWei: string, totalWei: string) =>
      member.hear({
        type: 'attest',
        epoch: 1,
        root: hashNo(1),
        chainId: 1,
        settlement: own,
        jobId: hashNo(2),
        totalWei,
        leaves: [{ address: own, cumulativeWei }],
      });
    member.hear({ type: 'pay', epoch: 0, verified: 2, cumulativeWei: '20', paidWei: '0', reason: '' });
    attest('19', '19');
    attest('21', '99');
    expect(member.said('attestation').map(({ signature }) => signature)).toEqual([null, null]);
    attest('21', '21');
    expect(member.done('attest')).toHaveLength(1);
  });

  it('keeps two snapshots, parameters and contributions for the audit window, sealed buckets for joiners', () => {
    const member = new Member().follow().gather();
    member.hear(seal({ snapshot: true }));
    member.tell({ type: 'applied', round: round(0), view: view(1), stateHash: hashNo(1), gradientNorm: 3 });
    for (let at = 1; at < 12; at++) {
      member.hear(seal({ round: round(at), view: view(at + 1), snapshot: true }));
      member.tell({ type: 'reducedFetched', round: round(at), view: view(at + 1), buckets: [] });
      member.tell({
        type: 'applied',
        round: round(at),
        view: view(at + 1),
        stateHash: hashNo(at + 1),
        gradientNorm: 3,
      });
    }
    expect(member.state.snapshots).toEqual([11, 12]);
    expect(member.state.parameters).toEqual([8, 9, 10, 11]);
    const releases = member
      .done('release')
      .slice(-4)
      .map(({ kind, before }) => [kind, before]);
    expect(releases).toEqual([
      ['states', 11],
      ['parameters', 8],
      ['ownContributions', 8],
      ['sealed', 4],
    ]);
  });
});
