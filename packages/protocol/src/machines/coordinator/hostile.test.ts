/** What hostile members and inconvenient moments must not do to a run. */
import { describe, expect, it } from 'vitest';
import { address, round } from '../../core/ids.ts';
import type { PaymentConfig } from './config.ts';
import { hashNo, idOf, Scenario } from './scenario.ts';

const audit = { rate: 1, floor: 1, window: 4, accept: 5e-5, escalate: 2e-4 };
const payment: PaymentConfig = {
  epochRounds: 50,
  microBatchWei: '1',
  budgetWei: '1000',
  attestations: 1,
  chainId: 1,
  settlement: address(`0x${'5'.repeat(40)}`),
  jobId: hashNo(7),
};
const drawn = (scenario: Scenario, number: number) => {
  const { target, auditor } = scenario.facts('auditDrawn').find(({ audit: id }) => id === number)!;
  return { target: target.at(-1), auditor: auditor.at(-1) };
};
const compared = (scenario: Scenario, name: string, number: number, relativeError: number) =>
  scenario.say(name, { type: 'verdict', audit: number, outcome: 'compared', relativeError, reason: '' });
const withhold = (scenario: Scenario, name: string, number: number) =>
  scenario.say(name, { type: 'verdict', audit: number, outcome: 'withheld', relativeError: null, reason: '' });
const trainedSoFar = ({ state: { ledger, accounts } }: Scenario) =>
  ledger.returned.length + Object.values(accounts).reduce((sum, { trained }) => sum + trained, 0);

describe('a target that lives and serves its auditors nothing', () => {
  it('fails the audit when its grace is over', () => {
    const scenario = new Scenario({ audit }).join('a', 'b', 'c').play('a', 'b', 'c');
    const { target } = drawn(scenario, 0);
    for (const name of ['a', 'b', 'c'].filter((other) => other !== target)) withhold(scenario, name, 0);
    for (const name of ['a', 'b', 'c'].filter((other) => other !== target)) withhold(scenario, name, 0);
    expect(scenario.facts('auditClosed')).toEqual([]);
    scenario.fire(`audit/0/${idOf(target)}`);
    expect(scenario.facts('auditClosed')[0]).toMatchObject({ audit: 0, outcome: 'failed' });
  });

  it('is not waited for any more once it is gone, whatever other auditors said', () => {
    const scenario = new Scenario({ audit }).join('a', 'b', 'c').play('a', 'b', 'c');
    const { target, auditor } = drawn(scenario, 0);
    withhold(scenario, auditor, 0);
    const second = ['a', 'b', 'c'].find((name) => name !== target && name !== auditor)!;
    compared(scenario, second, 0, 1e-4);
    scenario.lose(target);
    expect(scenario.facts('auditClosed')[0]).toMatchObject({ audit: 0, outcome: 'disputed' });
  });
});

describe('a contributor that is started anew between a round’s seal and its commit', () => {
  it('is not accused of withholding what its former self made', () => {
    const scenario = new Scenario({ audit }).join('a', 'b', 'c').seal('a', 'b', 'c');
    scenario.lose('a');
    scenario.hello('a');
    for (const name of ['b', 'c']) scenario.applied(name);
    const { audit: number } = scenario.facts('auditDrawn').find(({ target }) => target === idOf('a'))!;
    for (const name of ['b', 'c', 'b', 'c']) withhold(scenario, name, number);
    scenario.fire(`audit/${number}/${idOf('a')}`);
    const closed = scenario.facts('auditClosed').find(({ audit: id }) => id === number);
    expect(closed).toMatchObject({ outcome: 'unverifiable' });
  });
});

describe('a member that is expelled between a round’s seal and its commit', () => {
  it('is not paid for that round, and the books say so', () => {
    const scenario = new Scenario({ audit }).join('a', 'b', 'c').play('a', 'b', 'c').seal('a', 'b', 'c');
    const { target } = drawn(scenario, 0);
    const others = ['a', 'b', 'c'].filter((name) => name !== target);
    for (const name of others) compared(scenario, name, 0, 0.5);
    for (const name of others) compared(scenario, name, 0, 0.5);
    expect(scenario.facts('memberGone')[0]).toMatchObject({ peerId: idOf(target), how: 'expelled' });
    for (const name of others) scenario.applied(name);
    expect(scenario.state.committed).toBe(2);
    const forfeited = scenario.facts('payForfeited').filter(({ peerId }) => peerId === idOf(target));
    expect(forfeited.map(({ rounds, microBatches }) => [rounds, microBatches])).toEqual([
      [[0], 2],
      [[1], 2],
    ]);
    expect(scenario.state.accounts[idOf(target)]).toMatchObject({ trained: 4, forfeited: 4, unsettled: [] });
  });
});

describe('a speed that nobody has', () => {
  it.each([['fixed'], ['adaptive']] as const)('never loses work nor breaks a deadline (%s)', (assignment) => {
    for (const speed of [1.7e308, 1e-300]) {
      const scenario = new Scenario({ assignment });
      for (const name of ['a', 'b', 'c']) scenario.hello(name);
      for (const name of ['a', 'b', 'c'])
        scenario.say(name, { type: 'ready', round: round(0), stateHash: hashNo(0), samplesPerSecond: speed });
      const work = scenario.round.contributors.flatMap(({ microBatches }) => microBatches);
      expect(work.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5]);
      for (const { delay } of scenario.done('setTimer')) expect(delay).toBeLessThan(2 ** 31);
    }
  });

  it('does not come of a commitment made in no time', () => {
    const scenario = new Scenario({ assignment: 'adaptive' }).join('a', 'b', 'c');
    scenario.commit('a', { computeMs: 1e-320 });
    for (const name of ['b', 'c']) scenario.commit(name);
    scenario.seal('a', 'b', 'c');
    for (const name of ['a', 'b', 'c']) scenario.applied(name);
    expect(scenario.round.contributors.flatMap(({ microBatches }) => microBatches)).toHaveLength(6);
  });
});

describe('a sealed round that none of those who come back can have', () => {
  it('is given up in the end, though newcomers go on trying', () => {
    const scenario = new Scenario().join('a', 'b', 'c').seal('a', 'b', 'c');
    scenario.tell({
      type: 'resumed',
      checkpoint: null,
      waitForHolders: 1_000 as never,
      self: scenario.state.config.self,
    });
    for (const name of ['a', 'b']) scenario.hello(name);
    for (let turn = 0; turn < 4; turn++) {
      scenario.fire('apply');
      for (const name of ['a', 'b']) scenario.say(name, { type: 'unsynced', round: round(0), reason: 'no holder' });
    }
    expect(scenario.facts('roundAbandoned')[0]).toMatchObject({ round: 0 });
    expect(scenario.state.phase.name).toBe('gathering');
    expect(scenario.state.ledger.returned).toHaveLength(6);
  });
});

describe('a run that is stopped at once', () => {
  it.each([
    ['before', (scenario: Scenario) => scenario.commit('a')],
    ['after', (scenario: Scenario) => scenario.seal('a', 'b', 'c')],
  ])('%s the seal queues the round’s micro-batches again', (_when, act) => {
    const scenario = new Scenario().join('a', 'b', 'c').play('a', 'b', 'c');
    act(scenario);
    scenario.tell({ type: 'interrupted', reason: 'Ctrl-C' });
    scenario.tell({ type: 'interrupted', reason: 'Ctrl-C' });
    expect(scenario.state.phase).toMatchObject({ name: 'over', outcome: 'drained' });
    expect(scenario.facts('roundAbandoned')).toMatchObject([{ round: 1 }]);
    expect(trainedSoFar(scenario)).toBe(scenario.state.ledger.next);
  });
});

describe('a run whose members are cut off while it closes', () => {
  const closing = () => {
    const scenario = new Scenario({ payment, rounds: 1 }).join('a', 'b', 'c').play('a', 'b', 'c');
    scenario.tell({ type: 'epochRooted', epoch: 0, root: hashNo(1) });
    scenario.lose('a', 'b', 'c');
    return scenario;
  };

  it('takes them back, and their signatures', () => {
    const scenario = closing();
    expect(scenario.state.phase.name).toBe('closing');
    scenario.tell({ type: 'checkpointed', round: round(1), stateHash: hashNo(1) });
    scenario.hello('d');
    expect(scenario.heard('d', 'refuse')).toMatchObject([{ code: 'RUN_OVER' }]);
    scenario.hello('a');
    scenario.fire('attest');
    scenario.tell({ type: 'epochRooted', epoch: 0, root: hashNo(1) });
    scenario.say('a', { type: 'attestation', epoch: 0, root: hashNo(1), signature: '0x01' as never, reason: '' });
    scenario.tell({ type: 'settled', epoch: 0, transaction: '0x1', paidWei: {} });
    expect(scenario.state.phase).toMatchObject({ name: 'over', outcome: 'finished' });
  });

  it('does not wait for them for ever', () => {
    const scenario = closing();
    scenario.tell({ type: 'checkpointed', round: round(1), stateHash: hashNo(1) });
    for (let attempt = 0; attempt < 3; attempt++) {
      scenario.fire('attest');
      scenario.tell({ type: 'epochRooted', epoch: 0, root: hashNo(1) });
    }
    expect(scenario.state.phase).toMatchObject({ name: 'over', code: 'SETTLEMENT_FAILED' });
  });
});

describe('a checkpoint that was stored before its coordinator could note it', () => {
  it('counts after the restart', () => {
    const scenario = new Scenario({ checkpointEvery: 1 }).join('a', 'b', 'c').play('a', 'b', 'c');
    const { self } = scenario.state.config;
    const checkpoint = { round: round(1), stateHash: hashNo(1) };
    scenario.tell({ type: 'resumed', checkpoint, waitForHolders: 1_000 as never, self });
    expect(scenario.state.checkpoints).toMatchObject([checkpoint]);
    scenario.hello('a');
    expect(scenario.heard('a', 'welcome').at(-1)?.sync).toMatchObject({ ...checkpoint, sources: [self] });
  });
});

describe('work that no audit has proved when the run is done', () => {
  it('of a worker on probation is booked as not paid', () => {
    const scenario = new Scenario({ audit, payment, rounds: 2 }).join('a', 'b', 'c').play('a', 'b', 'c');
    const { target, auditor } = drawn(scenario, 0);
    const others = ['a', 'b', 'c'].filter((name) => name !== target);
    scenario.seal('a', 'b', 'c');
    scenario.lose(target);
    withhold(scenario, auditor, 0);
    for (const name of others) scenario.applied(name);
    expect(scenario.state.accounts[idOf(target)]).toMatchObject({ probation: true, trained: 4, forfeited: 2 });
    scenario.tell({ type: 'checkpointed', round: round(2), stateHash: hashNo(2) });
    scenario.fire('audits');
    scenario.tell({ type: 'epochRooted', epoch: 0, root: hashNo(1) });
    scenario.say(others[0]!, {
      type: 'attestation',
      epoch: 0,
      root: hashNo(1),
      signature: '0x01' as never,
      reason: '',
    });
    scenario.tell({ type: 'settled', epoch: 0, transaction: '0x1', paidWei: {} });
    expect(scenario.state.phase).toMatchObject({ name: 'over', outcome: 'finished' });
    for (const { trained, forfeited, verified, unsettled } of Object.values(scenario.state.accounts))
      expect({ trained, unsettled }).toEqual({ trained: verified + forfeited, unsettled: [] });
    expect(scenario.state.accounts[idOf(target)]).toMatchObject({ verified: 0, forfeited: 4 });
  });
});
