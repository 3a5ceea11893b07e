/** What an engineer offers on chain, and the id under which it stands there. */
import { AbiCoder, keccak256, type Result } from 'ethers';
import { address, hash, wei, type Address, type Hash, type Wei } from '@murmuration/protocol';
import type { Chain } from './connect.ts';
import { ContractRefusedError } from './errors.ts';
import { read } from './read.ts';

/** The terms of a job, fixed once it is open. */
export interface JobTerms {
  readonly token: Address;
  /** Whose signature stands under epochs. */
  readonly coordinator: Address;
  readonly settlement: Address;
  readonly budgetWei: Wei;
  readonly pricePerMicroBatchWei: Wei;
  /** From this Unix second (of the chain's clock) on no epoch is accepted and the unearned can be refunded. */
  readonly deadline: number;
  readonly challengeWindowSeconds: number;
  /** Attestations that an epoch needs, 0 to 32. */
  readonly quorum: number;
}

/** The id of the job that `depositor` opens with `salt`, as the escrow computes it. */
export function jobIdOf(where: { chainId: number; escrow: Address }, depositor: Address, salt: Hash): Hash {
  const types = ['uint256', 'address', 'address', 'bytes32'];
  return hash(keccak256(AbiCoder.defaultAbiCoder().encode(types, [where.chainId, where.escrow, depositor, salt])));
}

/** The terms in the order of the contract's struct. */
export const termsTuple = (terms: JobTerms): readonly unknown[] => [
  terms.token,
  terms.coordinator,
  terms.settlement,
  terms.budgetWei,
  terms.pricePerMicroBatchWei,
  terms.deadline,
  terms.challengeWindowSeconds,
  terms.quorum,
];

/** A job's terms; null when there is no such job. @throws ChainUnreachableError */
export async function readJobTerms(chain: Chain, jobId: Hash): Promise<JobTerms | null> {
  try {
    const [terms] = await read(chain, 'escrow', 'termsOf', [jobId]);
    return fromTuple(terms as Result);
  } catch (error) {
    if (error instanceof ContractRefusedError && error.reason === 'JobUnknown') return null;
    throw error;
  }
}

const fromTuple = (tuple: Result): JobTerms => ({
  token: address(tuple[0] as string),
  coordinator: address(tuple[1] as string),
  settlement: address(tuple[2] as string),
  budgetWei: wei(tuple[3] as bigint),
  pricePerMicroBatchWei: wei(tuple[4] as bigint),
  deadline: Number(tuple[5]),
  challengeWindowSeconds: Number(tuple[6]),
  quorum: Number(tuple[7]),
});
