import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { address, hash, type Address } from '../core/ids.ts';
import { wei } from '../core/units.ts';
import {
  settlementLeaf,
  settlementTree,
  verifySettlementProof,
  type Earning,
  type SettlementScope,
} from './settlement-tree.ts';

interface TreeVector {
  readonly size: number;
  readonly workers: string[];
  readonly cumulative: string[];
  readonly root: string;
  readonly total: string;
  readonly proofs: string[][];
}
/** The contracts' tests check themselves against the same file. */
const vectors = JSON.parse(
  readFileSync(new URL('../../../contracts/vectors/vectors.json', import.meta.url), 'utf8'),
) as {
  chainId: number;
  settlement: string;
  jobId: string;
  trees: TreeVector[];
};

const scope: SettlementScope = {
  chainId: vectors.chainId,
  settlement: address(vectors.settlement),
  jobId: hash(vectors.jobId),
};
const worker = (n: number): Address => address(`0x${n.toString(16).padStart(40, '0')}`);
const earningsOf = (amounts: readonly bigint[]): Earning[] =>
  amounts.map((amount, i) => ({ address: worker(i + 1), cumulativeWei: wei(amount) }));
const amounts = fc.array(fc.bigInt({ min: 0n, max: (1n << 120n) - 1n }), { minLength: 1, maxLength: 40 });
const settings = { seed: 20_261_101, numRuns: 100 };

describe('the tree has the bytes of the contract', () => {
  it.each(vectors.trees)('with $size leaves', ({ workers, cumulative, root, total, proofs }) => {
    const tree = settlementTree(
      scope,
      workers.map((text, i) => ({ address: address(text), cumulativeWei: wei(BigInt(cumulative[i]!)) })),
    );
    expect(tree.root).toBe(root);
    expect(tree.totalWei).toBe(BigInt(total));
    expect(workers.map((text) => tree.proof(address(text)))).toEqual(proofs);
  });
});

describe('a proof', () => {
  it('leads from every leaf to the root, in any order of workers', () => {
    fc.assert(
      fc.property(amounts, fc.infiniteStream(fc.nat()), (list, order) => {
        const earnings = earningsOf(list);
        const shuffled = earnings
          .map((earning) => ({ earning, key: order.next().value as number }))
          .sort((a, b) => a.key - b.key);
        const tree = settlementTree(scope, earnings);
        expect(
          settlementTree(
            scope,
            shuffled.map(({ earning }) => earning),
          ).root,
        ).toBe(tree.root);
        for (const earning of earnings)
          expect(verifySettlementProof(scope, tree.root, earning, tree.proof(earning.address))).toBe(true);
      }),
      settings,
    );
  });

  it('is worth nothing for another amount, worker, job, contract or chain', () => {
    const earnings = earningsOf([5n, 6n, 7n]);
    const tree = settlementTree(scope, earnings);
    const [first, second] = [earnings[0]!, earnings[1]!];
    const proof = tree.proof(first.address);
    const leads = (where: SettlementScope, earning: Earning): boolean =>
      verifySettlementProof(where, tree.root, earning, proof);
    expect(leads(scope, first)).toBe(true);
    expect(leads(scope, { ...first, cumulativeWei: wei(8n) })).toBe(false);
    expect(leads(scope, { ...first, address: second.address })).toBe(false);
    expect(leads({ ...scope, jobId: hash(`0x${'11'.repeat(32)}`) }, first)).toBe(false);
    expect(leads({ ...scope, settlement: worker(9) }, first)).toBe(false);
    expect(leads({ ...scope, chainId: 1 }, first)).toBe(false);
  });

  it('from a peer may be anything', () => {
    const [earning] = earningsOf([5n]);
    const { root } = settlementTree(scope, [earning!]);
    expect(verifySettlementProof(scope, root, earning!, [])).toBe(true);
    expect(verifySettlementProof(scope, root, earning!, [hash('0x12')])).toBe(false);
    expect(verifySettlementProof(scope, hash('root'), earning!, [])).toBe(false);
    expect(verifySettlementProof(scope, root, { ...earning!, cumulativeWei: wei(-1n) }, [])).toBe(false);
  });
});

describe("what can't be settled", () => {
  const build = (earnings: readonly Earning[]) => () => settlementTree(scope, earnings);
  const fault = (name: string) => expect.objectContaining({ code: 'SETTLEMENT_TREE', fault: name });

  it('is named', () => {
    const [earning] = earningsOf([5n]);
    expect(build([])).toThrow(fault('empty'));
    const spelledOtherwise = { ...earning!, address: address(earning!.address.toUpperCase().replace('0X', '0x')) };
    expect(build([earning!, spelledOtherwise])).toThrow(fault('duplicate'));
    expect(build(earningsOf([-1n]))).toThrow(fault('range'));
    expect(build(earningsOf([1n << 128n]))).toThrow(fault('range'));
    expect(build(earningsOf([(1n << 128n) - 1n, 1n]))).toThrow(fault('range'));
    expect(build([{ ...earning!, address: address('0x12') }])).toThrow(fault('form'));
    expect(() => settlementTree(scope, [earning!]).proof(worker(99))).toThrow(fault('unknown'));
  });

  it('is not a leaf either', () => {
    expect(() => settlementLeaf(scope, { address: worker(1), cumulativeWei: wei(1n << 128n) })).toThrow(fault('range'));
  });
});
