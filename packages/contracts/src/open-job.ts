/** Opens a job: deposits its budget under its terms. */
import type { Hash } from '@murmuration/protocol';
import type { Chain } from './connect.ts';
import { BalanceInsufficientError, ContractRefusedError } from './errors.ts';
import { jobIdOf, readJobTerms, termsTuple, type JobTerms } from './job-terms.ts';
import { callOf, read } from './read.ts';
import { sendBatch } from './send.ts';

export type OpenJobParameters = Omit<JobTerms, 'token' | 'settlement'> & {
  /** Tells the depositor's jobs apart. */
  readonly salt: Hash;
  /** Called once before the deposit is sent, with the id under which it will stand. */
  readonly depositing?: (jobId: Hash) => void;
};

export interface OpenedJob {
  readonly jobId: Hash;
  readonly terms: JobTerms;
  /** False when the job was open before: then `terms` are those that stand on chain. */
  readonly opened: boolean;
}

/** `open` depends on `approve` in the same batch, so it can't be estimated before; measured: see .gas-snapshot. */
const OPEN_GAS = 500_000n;

/**
 * Approves and deposits from the chain's account. Called again with the same salt it finds the job that is there.
 * @throws BalanceInsufficientError, ContractRefusedError, ChainUnreachableError, TransactionLostError
 */
export async function openJob(chain: Chain, { salt, depositing, ...offer }: OpenJobParameters): Promise<OpenedJob> {
  const { token, escrow, settlement } = chain.contracts;
  const jobId = jobIdOf({ chainId: chain.chainId, escrow }, chain.address, salt);
  const standing = await readJobTerms(chain, jobId);
  if (standing !== null) return { jobId, terms: standing, opened: false };
  const terms: JobTerms = { ...offer, token, settlement };
  await requireTokens(chain, terms.budgetWei);
  const calls = [
    callOf(chain, 'token', 'approve', [escrow, terms.budgetWei], { what: 'approve the budget' }),
    callOf(chain, 'escrow', 'open', [termsTuple(terms), salt], { what: 'open the job', gas: OPEN_GAS }),
  ];
  try {
    await sendBatch(chain, calls, () => depositing?.(jobId));
    return { jobId, terms, opened: true };
  } catch (error) {
    if (!(error instanceof ContractRefusedError)) throw error;
    // One that was sent before, by a process that did not see it mined, may have come first: the escrow takes one a salt.
    const opened = await readJobTerms(chain, jobId);
    if (opened === null) throw error;
    return { jobId, terms: opened, opened: false };
  }
}

async function requireTokens(chain: Chain, needed: bigint): Promise<void> {
  const [found] = await read(chain, 'token', 'balanceOf', [chain.address]);
  if ((found as bigint) < needed)
    throw new BalanceInsufficientError({
      account: chain.address,
      unit: `the token ${chain.contracts.token}`,
      needed,
      found: found as bigint,
    });
}
