/** Claims what workers have earned, for all of them at once; the money goes to their payout addresses. */
import { wei, type Address, type Hash, type Wei } from '@murmuration/protocol';
import type { Chain } from './connect.ts';
import { readPaid } from './progress.ts';
import { callOf } from './read.ts';
import { sendBatch } from './send.ts';
import { slices } from './slices.ts';

/** A leaf of the epoch's settlement tree with its proof (`settlementTree(…).proof`). */
export interface WorkerClaim {
  readonly address: Address;
  readonly cumulativeWei: Wei;
  readonly proof: readonly Hash[];
}

export interface ClaimBatchParameters {
  readonly jobId: Hash;
  /** A matured epoch. */
  readonly epoch: number;
  readonly claims: readonly WorkerClaim[];
}

/** About 70,000 gas each with a real token. */
const BATCH = 64;

/**
 * Claims; those that are paid already are left out.
 * @returns what the workers got
 * @throws ContractRefusedError (`EpochPending`: wait, or move a devnet's clock on), ChainUnreachableError
 */
export async function claimBatch(chain: Chain, { jobId, epoch, claims }: ClaimBatchParameters): Promise<Wei> {
  const paid = await Promise.all(claims.map(({ address }) => readPaid(chain, jobId, address)));
  const due = claims.filter(({ cumulativeWei }, i) => cumulativeWei > paid[i]!);
  const calls = slices(due, BATCH).map((slice) => {
    const leaves = slice.map(({ address, cumulativeWei, proof }) => [address, cumulativeWei, proof]);
    return callOf(chain, 'settlement', 'claim', [jobId, epoch, leaves], { what: `claim on epoch ${epoch}` });
  });
  await sendBatch(chain, calls);
  return wei(
    claims.reduce((sum, { cumulativeWei }, i) => sum + (cumulativeWei > paid[i]! ? cumulativeWei - paid[i]! : 0n), 0n),
  );
}
