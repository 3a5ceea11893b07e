import { describe, expect, it } from 'vitest';
import { round, runId, view } from '../../core/ids.ts';
import { hashNo, Member, own, seal } from './scenario.ts';

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
      expect(member.done('fetchReduced').map((effect) => effect.view)).toContain(number);
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

  it('fetches a little ahead of what it applies, and applies in order whatever comes first', () => {
    const member = new Member();
    member.tell({ type: 'connected' });
    member.hear({
      type: 'welcome',
      runId: runId('test-00000001'),
      job: {},
      heartbeatMs: 250,
      sync: { round: round(5), stateHash: hashNo(5), sources: [] },
    });
    for (const at of [5, 6, 7, 8, 9]) member.hear(seal({ round: round(at), view: view(at) }));
    member.tell({ type: 'prepared', buckets: 4, samplesPerSecond: 100 });
    member.tell({ type: 'stateHeld', round: round(5), stateHash: hashNo(5) });
    const asked = () => member.done('fetchReduced').map((effect) => effect.round);
    const fetched = (at: number) =>
      member.tell({ type: 'reducedFetched', round: round(at), view: view(at), buckets: [] });
    const applied = (at: number) =>
      member.tell({ type: 'applied', round: round(at), view: view(at), stateHash: hashNo(at + 1), gradientNorm: 1 });
    expect(asked()).toEqual([5, 6, 7]);
    fetched(7);
    fetched(6);
    expect(member.done('apply')).toEqual([]);
    fetched(5);
    expect(member.done('apply').map((effect) => effect.round)).toEqual([5]);
    expect(asked()).toEqual([5, 6, 7]);
    applied(5);
    expect(asked()).toEqual([5, 6, 7, 8]);
    applied(6);
    expect(asked()).toEqual([5, 6, 7, 8, 9]);
    applied(7);
    for (const at of [8, 9]) {
      fetched(at);
      applied(at);
    }
    expect(member.done('apply').map((effect) => effect.round)).toEqual([5, 6, 7, 8, 9]);
    expect(member.said('ready')).toMatchObject([{ round: 10 }]);
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

  it('to an earlier state keeps no round of the course that was left', () => {
    const member = new Member().follow().gather();
    member.hear(seal({ snapshot: true }));
    member.tell({ type: 'applied', round: round(0), view: view(1), stateHash: hashNo(1), gradientNorm: 3 });
    expect(member.state).toMatchObject({ parameters: [0], snapshots: [1] });
    member.hear({ type: 'resync', sync: null, reason: 'the run begins again' });
    member.tell({ type: 'stateHeld', round: round(0), stateHash: hashNo(0) });
    expect(member.state).toMatchObject({ parameters: [], snapshots: [] });
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
