import { describe, expect, it } from 'vitest';
import { round, view } from '../../core/ids.ts';
import { milliseconds } from '../../core/units.ts';
import { replayJournal } from '../../journal/replay.ts';
import { hashNo, idOf, numbers, Scenario, scenarioConfig } from './scenario.ts';

const three = (config = {}) => new Scenario(config).join('a', 'b', 'c');
const holds = (at: number, stateHash = hashNo(at), under: number | null = null) => ({
  holds: { runId: scenarioConfig.runId, round: round(at), stateHash, view: under === null ? null : view(under) },
});

describe('admission', () => {
  it('refuses another major version, a full run and the expelled, each by name', () => {
    const scenario = new Scenario({ maxMembers: 3, startMembers: 2 });
    scenario.hello('x', { protocolVersion: '9.0.0' });
    scenario.join('a', 'b', 'c');
    scenario.hello('d');
    scenario.commit('a', { samples: 1 });
    scenario.hello('a');
    expect(scenario.facts('memberRefused').map(({ code }) => code)).toEqual([
      'PROTOCOL_VERSION',
      'RUN_FULL',
      'EXPELLED',
    ]);
    expect(scenario.heard('d', 'refuse')[0]?.reason).toMatch(/has its 3 members/);
  });

  it('notes so many refusals and no more, whoever comes; with each round there is room for another', () => {
    const scenario = new Scenario({ startMembers: 1 }).join('a');
    const before = scenario.journal.length;
    const stranger = (i: number) => scenario.hello(String.fromCharCode(0x4e00 + i), { protocolVersion: '9.0.0' });
    for (let i = 0; i < 1000; i++) {
      const effects = stranger(i);
      expect(effects.map(({ type }) => type).filter((type) => type !== 'journal')).toEqual(['send', 'disconnect']);
    }
    expect(scenario.journal).toHaveLength(before + 64);
    expect(scenario.facts('memberRefused')).toHaveLength(64);
    expect(replayJournal(scenario.journal)?.state).toEqual(scenario.state);
    scenario.play('a');
    for (let i = 1000; i < 1010; i++) stranger(i);
    expect(scenario.facts('memberRefused')).toHaveLength(65);
  });

  it('refuses whoever comes when the run is over, and notes it no more', () => {
    const scenario = new Scenario({ startMembers: 1 }).join('a');
    for (let time = 0; time < 2; time++) scenario.tell({ type: 'interrupted', reason: 'Ctrl-C' });
    const before = scenario.journal.length;
    scenario.hello('b');
    expect(scenario.heard('b', 'refuse')).toMatchObject([{ code: 'RUN_OVER' }]);
    expect(scenario.journal).toHaveLength(before);
  });

  it('lets a later minor version in', () => {
    const scenario = new Scenario();
    scenario.hello('a', { protocolVersion: '2.7.0' });
    expect(scenario.facts('memberJoined')).toHaveLength(1);
  });

  it('has everyone make the first state from the seed, and goes by what most make of it', () => {
    const scenario = new Scenario();
    for (const name of ['a', 'b', 'c']) scenario.hello(name);
    expect(scenario.heard('a', 'welcome')[0]?.sync).toBeNull();
    scenario.ready('a', 0, hashNo(13));
    scenario.ready('b');
    scenario.ready('c');
    expect(scenario.facts('memberFlagged')[0]).toMatchObject({ peerId: idOf('a'), code: 'WRONG_STATE' });
    expect(scenario.state.stateHashes).toEqual([{ round: 0, stateHash: hashNo(0) }]);
  });

  it('serves the first state itself where the run starts from given weights, and holds everyone to it', () => {
    const scenario = new Scenario({ startState: hashNo(0) });
    for (const name of ['a', 'b', 'c']) scenario.hello(name);
    const { self } = scenarioConfig;
    const sync = { round: 0, stateHash: hashNo(0), sources: [{ peerId: self.peerId, addresses: [...self.addresses] }] };
    expect(scenario.heard('a', 'welcome')[0]?.sync).toEqual(sync);
    scenario.ready('a', 0, hashNo(13));
    expect(scenario.facts('memberFlagged')[0]).toMatchObject({ peerId: idOf('a'), code: 'WRONG_STATE' });
    for (const name of ['b', 'c', 'a']) scenario.ready(name);
    expect(scenario.state.phase.name).toBe('training');
    scenario.play('a', 'b', 'c').lose('a', 'b', 'c');
    scenario.hello('d');
    scenario.fire('regather');
    expect(scenario.facts('rolledBack')[0]).toMatchObject({ from: 1, to: 0, stateHash: hashNo(0) });
    expect(scenario.heard('d', 'welcome')[0]?.sync).toEqual(sync);
  });

  it('starts with the minimum when the others don’t come, and fails with fewer', () => {
    const enough = new Scenario({ startMembers: 3, minMembers: 2 }).join('a', 'b');
    enough.fire('gather');
    expect(enough.state.phase.name).toBe('training');
    const few = new Scenario({ startMembers: 3, minMembers: 2 }).join('a');
    few.fire('gather');
    expect(few.done('finish')[0]).toMatchObject({ outcome: 'failed', code: 'TOO_FEW_MEMBERS' });
  });
});

describe('a run with exact numerics', () => {
  const adapter = (kind: 'exact' | 'tolerance') => ({ name: 'a card', kind: 'gpu', class: kind }) as const;

  it('refuses an adapter of the tolerance class and says what to do', () => {
    const scenario = new Scenario({ numerics: 'exact' });
    scenario.hello('a', { adapter: adapter('exact') });
    scenario.hello('b', { adapter: adapter('tolerance') });
    expect(scenario.facts('memberRefused')).toMatchObject([{ peerId: idOf('b'), code: 'NOT_EXACT' }]);
    expect(scenario.heard('b', 'refuse')[0]?.reason).toContain('backend exact');
    expect(scenario.facts('memberJoined').map(({ peerId }) => peerId)).toEqual([idOf('a')]);
  });

  it('is the only one that does', () => {
    const scenario = new Scenario({ numerics: 'fast' });
    scenario.hello('b', { adapter: adapter('tolerance') });
    expect(scenario.facts('memberRefused')).toEqual([]);
  });
});

describe('a worker joins while rounds go on', () => {
  it('waits for a copy of the state, fetches it, follows the seals and has its share', () => {
    const scenario = three().play('a', 'b', 'c');
    scenario.hello('d');
    expect(scenario.heard('d', 'welcome')).toEqual([]);
    scenario.seal('a', 'b', 'c');
    expect(scenario.heard('a', 'seal').at(-1)?.snapshot).toBe(true);
    for (const name of ['a', 'b', 'c']) scenario.applied(name);
    expect(scenario.heard('d', 'welcome')[0]?.sync).toMatchObject({
      round: 2,
      stateHash: hashNo(2),
      sources: ['a', 'b', 'c'].map((name) => ({ peerId: idOf(name) })),
    });
    scenario.seal('a', 'b', 'c');
    expect(scenario.heard('d', 'seal')).toHaveLength(1);
    scenario.say('d', { type: 'ready', round: round(3), stateHash: hashNo(3), samplesPerSecond: 100 });
    for (const name of ['a', 'b', 'c']) scenario.applied(name);
    expect(scenario.round.contributors.map(({ peerId }) => peerId)).toContain(idOf('d'));
  });

  it('during a change of view: the round is not disturbed', () => {
    const scenario = three().play('a', 'b', 'c');
    scenario.lose('b');
    scenario.hello('d');
    for (const name of ['a', 'c']) scenario.commit(name);
    scenario.play('a', 'c');
    expect(scenario.state.committed).toBe(2);
    expect(scenario.heard('d', 'welcome')).toHaveLength(1);
  });

  it('that is ready is waited for when members apply, until the deadline', () => {
    const scenario = three();
    scenario.hello('d');
    scenario.ready('d');
    scenario.seal('a', 'b', 'c');
    for (const name of ['a', 'b', 'c']) scenario.applied(name);
    expect(scenario.state.committed).toBe(0);
    scenario.fire('apply');
    expect(scenario.state.committed).toBe(1);
    expect(scenario.facts('memberGone')).toEqual([]);
  });

  it('that could not get the state is given another source', () => {
    const scenario = three().play('a', 'b', 'c');
    scenario.hello('d');
    scenario.play('a', 'b', 'c');
    scenario.say('d', { type: 'unsynced', round: round(2), reason: 'all sources are gone' });
    expect(scenario.heard('d', 'resync')[0]?.sync?.round).toBe(2);
  });

  it('is waited for at its second attempt, so that a run with short rounds does not outrun it for ever', () => {
    const scenario = new Scenario().join('a', 'b', 'c').play('a', 'b', 'c');
    scenario.hello('d');
    scenario.play('a', 'b', 'c');
    scenario.say('d', { type: 'unsynced', round: round(2), reason: 'it is too far behind' });
    expect(scenario.state.members[idOf('d')]?.status).toBe('syncing');
    scenario.play('a', 'b', 'c');
    expect(scenario.state).toMatchObject({ committed: 2, phase: { name: 'applying' } });
    scenario.ready('d', 2);
    scenario.applied('d');
    expect(scenario.state.committed).toBe(3);
    expect(scenario.round.contributors.map(({ peerId }) => peerId)).toContain(idOf('d'));
  });

  it('whom nobody serves tries ever more rarely, and costs the others no copy in between', () => {
    const scenario = new Scenario({ rounds: 60 }).join('a', 'b', 'c').play('a', 'b', 'c');
    scenario.hello('d');
    let tried = 0;
    for (let played = 0; played < 40; played++) {
      scenario.play('a', 'b', 'c');
      if (scenario.state.members[idOf('d')]?.status !== 'syncing') continue;
      tried += 1;
      scenario.say('d', { type: 'unsynced', round: round(scenario.state.committed), reason: 'nobody serves it' });
    }
    const copies = scenario.heard('a', 'seal').filter(({ snapshot }) => snapshot);
    expect(scenario.state.committed).toBe(41);
    expect(tried).toBeGreaterThan(3);
    expect(tried).toBeLessThanOrEqual(7);
    expect(copies.length).toBeLessThanOrEqual(tried + 2);
  });
});

describe('everybody is gone', () => {
  it('those that come back hold the state, and the round is handed out anew', () => {
    const scenario = three().play('a', 'b', 'c');
    scenario.lose('a', 'b', 'c');
    expect(scenario.state.phase).toMatchObject({ name: 'gathering', regathering: true });
    expect(scenario.state.ledger.returned).toEqual(numbers(6, 7, 8, 9, 10, 11));
    scenario.hello('a', holds(1));
    expect(scenario.heard('a', 'welcome').at(-1)?.sync).toEqual({ round: 1, stateHash: hashNo(1), sources: [] });
    scenario.ready('a', 1);
    scenario.fire('regather');
    expect(scenario.round.contributors).toMatchObject([
      { peerId: idOf('a'), microBatches: numbers(6, 7, 8, 9, 10, 11) },
    ]);
  });

  it('strangers come: the run goes back to its checkpoint, and what was trained since is queued', () => {
    const scenario = three({ checkpointEvery: 1 }).play('a', 'b', 'c');
    scenario.tell({ type: 'checkpointed', round: round(1), stateHash: hashNo(1) });
    scenario.play('a', 'b', 'c');
    scenario.lose('a', 'b', 'c');
    scenario.hello('d');
    expect(scenario.heard('d', 'welcome')).toEqual([]);
    scenario.fire('regather');
    expect(scenario.facts('rolledBack')[0]).toMatchObject({ from: 2, to: 1, returned: numbers(6, 7, 8, 9, 10, 11) });
    expect(scenario.heard('d', 'welcome')[0]?.sync).toMatchObject({
      round: 1,
      stateHash: hashNo(1),
      sources: [{ peerId: scenarioConfig.self.peerId }],
    });
  });

  it('all come back with empty hands: nobody is waited for any longer', () => {
    const scenario = three({ checkpointEvery: 1 }).play('a', 'b', 'c');
    scenario.tell({ type: 'checkpointed', round: round(1), stateHash: hashNo(1) });
    scenario.play('a', 'b', 'c');
    scenario.lose('a', 'b', 'c');
    for (const name of ['a', 'b']) scenario.hello(name);
    expect(scenario.facts('rolledBack')).toEqual([]);
    scenario.hello('c');
    expect(scenario.facts('rolledBack')).toHaveLength(1);
    expect(scenario.heard('a', 'welcome').at(-1)?.sync).toMatchObject({ round: 1 });
  });

  it('after the seal: those that applied it bring the outcome back', () => {
    const scenario = three().seal('a', 'b', 'c');
    scenario.lose('a', 'b', 'c');
    for (const name of ['b', 'c']) {
      expect(scenario.state.committed).toBe(0);
      scenario.hello(name, holds(1, hashNo(1), scenario.round.view));
      scenario.ready(name, 1);
    }
    expect(scenario.state.committed).toBe(1);
  });

  it('after the seal: a state that another seal led to does not count', () => {
    const scenario = three().seal('a', 'b', 'c');
    scenario.lose('a', 'b', 'c');
    scenario.hello('b', holds(1, hashNo(1), 77));
    expect(scenario.state.members[idOf('b')]?.held).toBeNull();
  });

  it('after the seal, and nobody applied it: the round is given up', () => {
    const scenario = three().seal('a', 'b', 'c');
    scenario.lose('a', 'b', 'c');
    scenario.fire('apply');
    scenario.fire('apply');
    expect(scenario.facts('roundAbandoned')[0]).toMatchObject({ round: 0 });
    expect(scenario.state.ledger.returned).toEqual(numbers(0, 1, 2, 3, 4, 5));
    expect(scenario.state.phase.name).toBe('gathering');
  });
});

describe('the end', () => {
  const config = { rounds: 2, evaluation: { every: 0, samples: 10 } };

  it('is a last evaluation, split over the members, a checkpoint and a word to all', () => {
    const scenario = three(config).play('a', 'b', 'c').play('a', 'b', 'c');
    const parts = ['a', 'b', 'c'].map((name) => scenario.heard(name, 'evaluate')[0]!);
    expect(parts.map(({ start, end }) => [start, end])).toEqual([
      [0, 4],
      [4, 7],
      [7, 10],
    ]);
    for (const [i, name] of ['a', 'b', 'c'].entries()) {
      const { evaluation, part, start, end } = parts[i]!;
      scenario.say(name, {
        type: 'evaluated',
        evaluation,
        part,
        lossSum: end - start,
        correct: 1,
        predictions: end - start,
      });
    }
    expect(scenario.facts('evaluated')[0]).toMatchObject({ loss: 1, accuracy: 0.3, final: true });
    expect(scenario.done('checkpoint')[0]).toMatchObject({ round: 2, stateHash: hashNo(2), final: true });
    scenario.tell({ type: 'checkpointed', round: round(2), stateHash: hashNo(2) });
    expect(scenario.heard('a', 'stop')[0]?.outcome).toBe('finished');
    expect(scenario.done('finish')[0]).toMatchObject({ outcome: 'finished', code: 'DONE' });
  });

  it('hands the part of a member that dies to another', () => {
    const scenario = three(config).play('a', 'b', 'c').play('a', 'b', 'c');
    const part = scenario.heard('b', 'evaluate')[0]!;
    scenario.lose('b');
    expect([...scenario.heard('a', 'evaluate'), ...scenario.heard('c', 'evaluate')]).toContainEqual(part);
  });

  it('fails by name when the last state can’t be stored', () => {
    const scenario = three({ rounds: 1 }).play('a', 'b', 'c');
    for (let i = 0; i < 3; i++)
      scenario.tell({ type: 'checkpointFailed', round: round(1), stateHash: hashNo(1), reason: 'disk full' });
    expect(scenario.done('finish')[0]).toMatchObject({ outcome: 'failed', code: 'CHECKPOINT_FAILED' });
  });

  it('comes after the round when a person interrupts, and at once when they insist', () => {
    const scenario = three();
    scenario.tell({ type: 'interrupted', reason: 'Ctrl-C' });
    scenario.play('a', 'b', 'c');
    expect(scenario.done('checkpoint')[0]).toMatchObject({ round: 1 });
    scenario.tell({ type: 'checkpointed', round: round(1), stateHash: hashNo(1) });
    expect(scenario.done('finish')[0]).toMatchObject({ outcome: 'drained', code: 'INTERRUPTED' });

    const hasty = three();
    hasty.tell({ type: 'interrupted', reason: 'Ctrl-C' });
    hasty.tell({ type: 'interrupted', reason: 'Ctrl-C' });
    expect(hasty.done('finish')[0]).toMatchObject({ outcome: 'drained' });
  });

  it('abandons a round that does not end while draining', () => {
    const scenario = three().play('a', 'b', 'c');
    scenario.tell({ type: 'interrupted', reason: 'Ctrl-C' });
    scenario.fire('drain');
    expect(scenario.facts('roundAbandoned')).toHaveLength(1);
    expect(scenario.done('checkpoint')[0]).toMatchObject({ round: 1, final: true });
  });
});

describe('a restarted coordinator', () => {
  const resumed = {
    type: 'resumed',
    checkpoint: null,
    waitForHolders: milliseconds(100),
    self: scenarioConfig.self,
  } as const;

  it('folds its journal to the same state', () => {
    const scenario = three().play('a', 'b', 'c');
    scenario.commit('a');
    expect(replayJournal(scenario.journal)?.state).toEqual(scenario.state);
  });

  it('hands an unsealed round out anew to those that come back', () => {
    const scenario = three().play('a', 'b', 'c');
    scenario.tell(resumed);
    expect(scenario.state.ledger.returned).toEqual(numbers(6, 7, 8, 9, 10, 11));
    for (const name of ['a', 'b', 'c']) {
      scenario.hello(name, holds(1));
      scenario.ready(name, 1);
    }
    expect(scenario.round.round).toBe(1);
  });

  it('says a sealed round again and commits it', () => {
    const scenario = three().seal('a', 'b', 'c');
    scenario.tell(resumed);
    for (const name of ['a', 'b']) {
      expect(scenario.state.committed).toBe(0);
      scenario.hello(name, holds(0));
      expect(scenario.heard(name, 'seal')).toHaveLength(2);
      scenario.ready(name, 0);
      scenario.applied(name);
    }
    expect(scenario.state.committed).toBe(1);
  });
});
