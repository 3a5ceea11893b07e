import { describe, expect, it } from 'vitest';
import { attestationSigner, identityOf } from '@murmuration/contracts/signing';
import { address, hash, settlementTree, wei, type Address } from '@murmuration/protocol';
import { Attester, type AttestTask } from './attest.ts';

const secretKey = new Uint8Array(32).fill(3);
const me = identityOf(secretKey).address;
const other = address('0x8ba1f109551bD432803012645Ac136ddd64DBA72');
const scope = {
  chainId: 31337,
  settlement: address('0x5FbDB2315678afecb367f032d93F642f64180aa3'),
  jobId: hash(`0x${'11'.repeat(32)}`),
};

function epochOf(epoch: number, earned: readonly (readonly [Address, bigint])[]): AttestTask {
  const tree = settlementTree(
    scope,
    earned.map(([of, cumulative]) => ({ address: of, cumulativeWei: wei(cumulative) })),
  );
  const leaves = earned.map(([of, cumulative]) => ({ address: of, cumulativeWei: String(cumulative) }));
  return { epoch, root: tree.root, ...scope, totalWei: String(tree.totalWei), leaves };
}

const attester = (): Attester => new Attester({ secretKey, address: me });

describe('an attester', () => {
  it('signs an epoch whose leaves give the root and the total', () => {
    const task = epochOf(0, [
      [me, 5n],
      [other, 7n],
    ]);
    const { signature } = attester().attest(task);
    const { epoch, root, jobId } = task;
    expect(
      attestationSigner(
        { chainId: 31337, contract: scope.settlement },
        { jobId, epoch, root, totalWei: wei(12n) },
        signature!,
      ),
    ).toBe(me);
  });

  it.each([
    ['another total', { totalWei: '13' }, /add up to 12 wei, not 13/],
    ['another root', { root: hash(`0x${'22'.repeat(32)}`) }, /give the root/],
    ['another chain', { chainId: 1 }, /give the root/],
    [
      'a worker twice',
      {
        leaves: [
          { address: me, cumulativeWei: '5' },
          { address: me, cumulativeWei: '7' },
        ],
      },
      /twice/,
    ],
  ])('refuses %s', (_name, change, reason) => {
    const result = attester().attest({
      ...epochOf(0, [
        [me, 5n],
        [other, 7n],
      ]),
      ...change,
    });
    expect(result.signature).toBeNull();
    expect(result.reason).toMatch(reason);
  });

  it('refuses an epoch that takes earned pay back', () => {
    const one = attester();
    one.attest(
      epochOf(0, [
        [me, 5n],
        [other, 7n],
      ]),
    );
    expect(
      one.attest(
        epochOf(1, [
          [me, 4n],
          [other, 9n],
        ]),
      ),
    ).toMatchObject({ signature: null, reason: "this worker's pay would fall from 5 to 4 wei" });
    expect(one.attest(epochOf(1, [[other, 9n]]))).toMatchObject({ signature: null });
  });

  it('signs one root an epoch, however often it is asked', () => {
    const one = attester();
    const first = one.attest(
      epochOf(0, [
        [me, 5n],
        [other, 7n],
      ]),
    );
    expect(
      one.attest(
        epochOf(0, [
          [me, 5n],
          [other, 7n],
        ]),
      ),
    ).toEqual(first);
    expect(
      one.attest(
        epochOf(0, [
          [me, 6n],
          [other, 7n],
        ]),
      ),
    ).toMatchObject({ signature: null });
  });
});
