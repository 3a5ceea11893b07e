import { describe, expect, it } from 'vitest';
import { bytesOf, hashOf, sha256 } from '../../../core/digest.ts';
import type { VerdictRecord } from '../../../journal/facts.ts';
import { hashNo, idOf, Scenario } from '../scenario.ts';
import { settleable } from '../settlement/accounts.ts';
import { chainLink, hashChain } from './chain.ts';
import { auditRate, fractionOf } from './draw.ts';
import { classify, judge, type Bench } from './judge.ts';

const audit = { rate: 1, floor: 1, window: 4, accept: 5e-5, escalate: 2e-4 };
const outcomes: Record<string, VerdictRecord['outcome']> = {
  p: 'pass',
  d: 'doubt',
  f: 'fail',
  w: 'withheld',
  e: 'expired',
};
const errors: Partial<Record<VerdictRecord['outcome'], number>> = { pass: 2e-7, doubt: 1e-4, fail: 0.2 };
const verdicts = (letters: string): VerdictRecord[] =>
  Array.from(letters, (letter, i) => ({
    auditor: idOf(String(i + 1)),
    outcome: outcomes[letter]!,
    relativeError: errors[outcomes[letter]!] ?? null,
    reason: '',
  }));
const bench = (letters: string, fields: Partial<Bench> = {}): Bench => ({
  verdicts: verdicts(letters),
  pending: 0,
  available: 0,
  targetGone: false,
  graceOver: false,
  ...fields,
});

describe('the hash chain', () => {
  const chain = hashChain(hashNo(5), 200, 64);

  it('has links that hash to the one before, down to the anchor', () => {
    for (const index of [1, 63, 64, 65, 200])
      expect(hashOf(sha256(bytesOf(chainLink(chain, index))))).toBe(chainLink(chain, index - 1));
  });

  it('ends in the secret and keeps one link in 64', () => {
    expect(chainLink(chain, chain.length)).toBe(hashNo(5));
    expect(chain.links).toHaveLength(5);
  });
});

describe('the draw', () => {
  it('falls from the newcomer’s rate towards the floor and never below', () => {
    const rates = [0, 1, 4, 40].map((passed) => auditRate({ ...audit, rate: 0.5, floor: 0.1 }, passed));
    expect(rates[0]).toBe(0.5);
    expect(rates[1]).toBeCloseTo(0.4);
    expect(rates.every((rate, i) => i === 0 || rate < rates[i - 1]!)).toBe(true);
    expect(rates[3]).toBeGreaterThanOrEqual(0.1);
  });

  it('is a fraction of the digest', () => {
    expect(fractionOf(hashNo(0))).toBe(0);
    expect(fractionOf(`0x${'f'.repeat(64)}` as never)).toBeLessThan(1);
  });
});

describe('a verdict', () => {
  it.each([
    [1e-6, 'pass'],
    [5e-5, 'pass'],
    [1e-4, 'doubt'],
    [2.1e-4, 'fail'],
  ] as const)('of relative error %s is %s', (relativeError, expected) => {
    const verdict = { type: 'verdict', audit: 0, outcome: 'compared', relativeError, reason: '' } as const;
    expect(classify(audit, verdict, 'tolerance')).toBe(expected);
  });

  it.each([
    [0, 'pass'],
    [1e-12, 'fail'],
  ] as const)('between exact adapters, of relative error %s is %s', (relativeError, expected) => {
    const verdict = { type: 'verdict', audit: 0, outcome: 'compared', relativeError, reason: '' } as const;
    expect(classify(audit, verdict, 'equality')).toBe(expected);
  });
});

describe('judging', () => {
  it.each([
    ['p', {}, { next: 'close', outcome: 'passed' }],
    ['', { available: 2 }, { next: 'ask', count: 1 }],
    ['', { pending: 1, available: 2 }, { next: 'wait' }],
    ['f', { available: 5 }, { next: 'ask', count: 2 }],
    ['d', { available: 1 }, { next: 'ask', count: 1 }],
    ['f', { pending: 2, available: 3 }, { next: 'wait' }],
    ['ff', {}, { next: 'close', outcome: 'failed' }],
    ['f', {}, { next: 'close', outcome: 'failed' }],
    ['fp', {}, { next: 'close', outcome: 'disputed' }],
    ['fpf', {}, { next: 'close', outcome: 'failed', contradicted: [idOf('2')] }],
    ['fpp', {}, { next: 'close', outcome: 'passed', contradicted: [idOf('1')] }],
    ['ddd', {}, { next: 'close', outcome: 'passed', contradicted: [] }],
    ['eee', {}, { next: 'close', outcome: 'expired' }],
    ['e', { available: 1 }, { next: 'ask', count: 1 }],
    ['ww', {}, { next: 'grace' }],
    ['ww', { graceOver: true }, { next: 'close', outcome: 'failed' }],
    ['w', { targetGone: true, available: 2 }, { next: 'close', outcome: 'unverifiable' }],
    ['ff', { targetGone: true }, { next: 'close', outcome: 'failed' }],
  ] as const)('%s with %o comes to %o', (letters, fields, expected) => {
    expect(judge(bench(letters, fields))).toMatchObject(expected);
  });

  it('names the numbers', () => {
    expect(judge(bench('ff'))).toMatchObject({
      reason: 're-execution differs (relative error 2.00e-1, 2.00e-1), by 2 of 2 auditors',
    });
  });
});

describe('an audit in a run', () => {
  const audited = () => new Scenario({ audit }).join('a', 'b', 'c').play('a', 'b', 'c');
  const say = (scenario: Scenario, name: string, number: number, relativeError: number) =>
    scenario.say(name, { type: 'verdict', audit: number, outcome: 'compared', relativeError, reason: 'measured' });
  const auditorOf = (scenario: Scenario, number: number): string =>
    scenario
      .facts('auditDrawn')
      .find(({ audit: id }) => id === number)!
      .auditor.at(-1);
  const targetOf = (scenario: Scenario, number: number): string =>
    scenario
      .facts('auditDrawn')
      .find(({ audit: id }) => id === number)!
      .target.at(-1);

  it('asks another member than the target, with the commitment', () => {
    const scenario = audited();
    expect(scenario.facts('auditDrawn')).toHaveLength(3);
    for (const { auditor, target } of scenario.facts('auditDrawn')) expect(auditor).not.toBe(target);
    expect(scenario.heard(auditorOf(scenario, 0), 'audit')[0]).toMatchObject({
      round: 0,
      samples: 4,
      target: { peerId: idOf(targetOf(scenario, 0)) },
    });
  });

  it('does not hold rounds up until it would fall out of the window', () => {
    const scenario = audited().play('a', 'b', 'c').play('a', 'b', 'c');
    expect(scenario.state.committed).toBe(3);
    scenario.play('a', 'b', 'c');
    expect(scenario.state).toMatchObject({ committed: 4, phase: { name: 'auditing' } });
    for (const number of [0, 1, 2]) say(scenario, auditorOf(scenario, number), number, 1e-7);
    expect(scenario.state.phase.name).toBe('training');
  });

  it('tolerates no difference between two exact adapters, and some where one of them is not', () => {
    const exact = { backend: 'exact', adapter: { name: 'cpu', kind: 'cpu', class: 'exact' } } as const;
    const scenario = new Scenario({ audit });
    for (const name of ['a', 'b']) scenario.hello(name, exact);
    scenario.hello('c');
    for (const name of ['a', 'b', 'c']) scenario.ready(name);
    scenario.play('a', 'b', 'c');
    for (const { audit: number } of scenario.facts('auditDrawn'))
      say(scenario, auditorOf(scenario, number), number, 1e-9);
    const verdicts = scenario.facts('auditVerdict').map(({ audit: number, verdict }) => {
      const pair = [targetOf(scenario, number), verdict.auditor.at(-1)];
      return [pair.includes('c') ? 'tolerance' : 'equality', verdict.outcome];
    });
    expect(verdicts).toContainEqual(['equality', 'fail']);
    expect(verdicts).toContainEqual(['tolerance', 'pass']);
    expect(verdicts).not.toContainEqual(['equality', 'pass']);
  });

  it('of a liar is confirmed by all others, and takes its unproven pay and its place', () => {
    const scenario = audited();
    const target = targetOf(scenario, 0);
    const others = ['a', 'b', 'c'].filter((name) => name !== target);
    say(scenario, auditorOf(scenario, 0), 0, 0.15);
    expect(scenario.facts('memberGone')).toEqual([]);
    for (const name of others) say(scenario, name, 0, 0.15);
    expect(scenario.facts('auditClosed')[0]).toMatchObject({ outcome: 'failed', target: idOf(target) });
    expect(scenario.facts('payForfeited')[0]).toMatchObject({ peerId: idOf(target), rounds: [0], microBatches: 2 });
    expect(scenario.facts('memberGone')[0]).toMatchObject({ how: 'expelled', code: 'AUDIT_FAILED' });
  });

  it('goes to another auditor when the first does not answer', () => {
    const scenario = audited();
    const first = auditorOf(scenario, 0);
    scenario.fire(`audit/0/${idOf(first)}`);
    const second = ['a', 'b', 'c'].find((name) => name !== first && name !== targetOf(scenario, 0))!;
    expect(scenario.heard(second, 'audit').some(({ audit: id }) => id === 0)).toBe(true);
  });

  it('of a target that died is unverifiable: not paid, not accused', () => {
    const scenario = audited();
    const target = targetOf(scenario, 0);
    const auditor = auditorOf(scenario, 0);
    scenario.lose(target);
    scenario.say(auditor, { type: 'verdict', audit: 0, outcome: 'withheld', relativeError: null, reason: 'no answer' });
    expect(scenario.facts('auditClosed')[0]).toMatchObject({ outcome: 'unverifiable' });
    expect(scenario.state.members[idOf(target)]?.status).toBe('lost');
    expect(scenario.state.accounts[idOf(target)]).toMatchObject({ forfeited: 2 });
  });

  it('that could not be made puts its target on probation: all its work is audited, and unproven work waits for one to pass', () => {
    const scenario = new Scenario({
      audit,
      payment: {
        epochRounds: 1,
        microBatchWei: '1',
        budgetWei: '1000',
        attestations: 1,
        chainId: 1,
        settlement: '0x' as never,
        jobId: hashNo(7),
      },
    }).join('a', 'b', 'c');
    scenario.play('a', 'b', 'c');
    const target = targetOf(scenario, 0);
    const auditor = auditorOf(scenario, 0);
    scenario.lose(target);
    scenario.say(auditor, { type: 'verdict', audit: 0, outcome: 'withheld', relativeError: null, reason: 'no answer' });
    const account = scenario.state.accounts[idOf(target)]!;
    expect(account).toMatchObject({ probation: true, forfeited: 2 });
    const work = { round: scenario.round.round, microBatches: 5, audit: null, proven: false };
    expect(settleable({ ...account, unsettled: [work] })).toEqual([]);
    expect(settleable({ ...account, unsettled: [work], probation: false })).toEqual([work]);
  });

  it('takes a verdict only from whom it was asked of', () => {
    const scenario = audited();
    const before = scenario.state;
    say(scenario, targetOf(scenario, 0), 0, 0);
    say(scenario, auditorOf(scenario, 0), 77, 0);
    expect(scenario.state).toBe(before);
  });
});
