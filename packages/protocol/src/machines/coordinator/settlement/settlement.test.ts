import { describe, expect, it } from 'vitest';
import { address, hash } from '../../../core/ids.ts';
import type { PaymentConfig } from '../config.ts';
import { hashNo, idOf, Scenario } from '../scenario.ts';

const payment: PaymentConfig = {
  epochRounds: 2,
  microBatchWei: '1000000000000000000',
  budgetWei: '1000000000000000000000',
  attestations: 2,
  chainId: 31_337,
  settlement: address(`0x${'5'.repeat(40)}`),
  jobId: hash(`0x${'7'.repeat(64)}`),
};
const paid = (fields: Partial<PaymentConfig> = {}, rest = {}) =>
  new Scenario({ payment: { ...payment, ...fields }, ...rest }).join('a', 'b', 'c');
const sign = (scenario: Scenario, name: string, epoch = 0) =>
  scenario.say(name, { type: 'attestation', epoch, root: hashNo(1), signature: '0x01' as never, reason: '' });
const playEpoch = (scenario: Scenario) => scenario.play('a', 'b', 'c').play('a', 'b', 'c');

describe('an epoch', () => {
  it('closes after its rounds with price × verified, as whole wei', () => {
    const scenario = playEpoch(paid());
    expect(scenario.done('closeEpoch')[0]).toMatchObject({
      epoch: 0,
      totalWei: '12000000000000000000',
      leaves: ['a', 'b', 'c'].map((name) => ({
        peerId: idOf(name),
        verified: 4,
        cumulativeWei: '4000000000000000000',
      })),
    });
  });

  it('goes on chain with the signatures that the contract wants, and everyone is told', () => {
    const scenario = playEpoch(paid());
    scenario.tell({ type: 'epochRooted', epoch: 0, root: hashNo(1) });
    expect(scenario.heard('a', 'attest')[0]).toMatchObject({ root: hashNo(1), totalWei: '12000000000000000000' });
    sign(scenario, 'a');
    sign(scenario, 'a');
    expect(scenario.done('settle')).toEqual([]);
    sign(scenario, 'c');
    expect(scenario.done('settle')[0]?.attestations.map(({ peerId }) => peerId)).toEqual([idOf('a'), idOf('c')]);
    scenario.tell({ type: 'settled', epoch: 0, transaction: '0xabc', paidWei: {} });
    expect(scenario.facts('epochSettled')[0]).toMatchObject({
      transaction: '0xabc',
      attestations: [idOf('a'), idOf('c')],
    });
    expect(scenario.heard('b', 'pay')[0]).toMatchObject({ verified: 4, cumulativeWei: '4000000000000000000' });
  });

  it('that too few sign is tried again as it was before a later one, so that numbers on chain have no gaps', () => {
    const scenario = playEpoch(paid());
    scenario.tell({ type: 'epochRooted', epoch: 0, root: hashNo(1) });
    for (const name of ['a', 'b', 'c'])
      scenario.say(name, { type: 'attestation', epoch: 0, root: hashNo(1), signature: null, reason: 'no' });
    expect(scenario.facts('epochDeferred')[0]?.reason).toMatch(/0 of 2 signatures, 3 refused/);
    playEpoch(scenario);
    expect(scenario.done('closeEpoch')[1]).toMatchObject({ epoch: 0, totalWei: '12000000000000000000' });
    scenario.tell({ type: 'epochRooted', epoch: 0, root: hashNo(1) });
    for (const name of ['a', 'b']) sign(scenario, name);
    scenario.tell({ type: 'settled', epoch: 0, transaction: '0x1', paidWei: {} });
    playEpoch(scenario);
    expect(scenario.done('closeEpoch')[2]).toMatchObject({ epoch: 1, totalWei: '36000000000000000000' });
  });

  it('leaves out what an open audit may still take, and has it in the next when the audit passes', () => {
    const scenario = paid({}, { audit: { rate: 1, floor: 1, window: 8, accept: 5e-5, escalate: 2e-4 } });
    playEpoch(scenario);
    expect(scenario.done('closeEpoch')).toEqual([]);
    for (const { audit, auditor } of scenario.facts('auditDrawn').filter(({ target }) => target === idOf('a'))) {
      scenario.say(auditor.at(-1), { type: 'verdict', audit, outcome: 'compared', relativeError: 0, reason: '' });
    }
    expect(scenario.done('closeEpoch')[0]?.leaves.map(({ peerId }) => peerId)).toEqual([idOf('a')]);
  });

  it('is closed at the end of the run, and the run waits for it', () => {
    const scenario = paid({ epochRounds: 50 }, { rounds: 1 }).play('a', 'b', 'c');
    scenario.tell({ type: 'checkpointed', round: scenario.state.committed, stateHash: hashNo(1) });
    expect(scenario.done('finish')).toEqual([]);
    scenario.tell({ type: 'epochRooted', epoch: 0, root: hashNo(1) });
    for (const name of ['a', 'b']) sign(scenario, name);
    scenario.tell({ type: 'settled', epoch: 0, transaction: '0x1', paidWei: {} });
    expect(scenario.done('finish')[0]).toMatchObject({ outcome: 'finished' });
  });

  it('that can’t be settled at the end fails the run by name, after three attempts', () => {
    const scenario = paid({ epochRounds: 50 }, { rounds: 1 }).play('a', 'b', 'c');
    scenario.tell({ type: 'checkpointed', round: scenario.state.committed, stateHash: hashNo(1) });
    for (let i = 0; i < 3; i++) scenario.tell({ type: 'settleFailed', epoch: 0, reason: 'the chain is gone' });
    expect(scenario.done('finish')[0]).toMatchObject({ outcome: 'failed', code: 'SETTLEMENT_FAILED' });
  });
});

describe('without payment', () => {
  it('the same books are kept and nothing is settled', () => {
    const scenario = new Scenario({ rounds: 1 }).join('a', 'b', 'c').play('a', 'b', 'c');
    scenario.tell({ type: 'checkpointed', round: scenario.state.committed, stateHash: hashNo(1) });
    expect(scenario.done('closeEpoch')).toEqual([]);
    expect(scenario.state.accounts[idOf('a')]).toMatchObject({ trained: 2 });
    expect(scenario.done('finish')[0]?.outcome).toBe('finished');
  });
});

describe('the budget', () => {
  it('is never promised away: the run ends before a round that it could not pay', () => {
    const scenario = paid({ budgetWei: '13000000000000000000', epochRounds: 50 });
    playEpoch(scenario);
    expect(scenario.state.phase).toMatchObject({ name: 'closing', code: 'BUDGET_SPENT' });
  });
});
