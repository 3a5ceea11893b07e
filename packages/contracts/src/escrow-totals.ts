/** Where a job's money is. */
import type { Result } from 'ethers';
import { wei, type Hash, type Wei } from '@murmuration/protocol';
import type { Chain } from './connect.ts';
import { read } from './read.ts';

/** Always: deposited = paid + refunded + held. */
export interface EscrowTotals {
  readonly depositedWei: Wei;
  readonly paidWei: Wei;
  readonly refundedWei: Wei;
  readonly heldWei: Wei;
}

/** @throws ContractRefusedError (`JobUnknown`), ChainUnreachableError */
export async function escrowTotals(chain: Chain, jobId: Hash): Promise<EscrowTotals> {
  const [totals] = await read(chain, 'escrow', 'totalsOf', [jobId]);
  const [deposited, paid, refunded, held] = (totals as Result).toArray() as bigint[];
  return { depositedWei: wei(deposited!), paidWei: wei(paid!), refundedWei: wei(refunded!), heldWei: wei(held!) };
}

/** What an account holds of the job token. @throws ChainUnreachableError */
export async function tokenBalance(chain: Chain, account: string): Promise<Wei> {
  const [balance] = await read(chain, 'token', 'balanceOf', [account]);
  return wei(balance as bigint);
}
