/** Reads where a job stands on chain. */
import type { Result } from 'ethers';
import { hash, wei, type Address, type Hash, type Wei } from '@murmuration/protocol';
import type { Chain } from './connect.ts';
import { read } from './read.ts';

/** Where a job stands. */
export interface JobProgress {
  /** Epochs that stand; the next one to post has this number. */
  readonly epochs: number;
  /** A challenge showed an epoch to be wrong: no more are accepted. */
  readonly frozen: boolean;
  readonly closed: boolean;
  readonly paidWei: Wei;
}

/** An epoch that stands on chain. */
export interface PostedEpoch {
  readonly root: Hash;
  readonly totalWei: Wei;
  /** First Unix second of the chain's clock at which it pays. */
  readonly maturesAt: number;
}

/** @throws ChainUnreachableError */
export async function readProgress(chain: Chain, jobId: Hash): Promise<JobProgress> {
  const [progress] = await read(chain, 'settlement', 'progressOf', [jobId]);
  const [epochs, frozen, closed, paid] = progress as Result;
  return { epochs: Number(epochs), frozen: frozen as boolean, closed: closed as boolean, paidWei: wei(paid as bigint) };
}

/** @throws ContractRefusedError (`EpochUnknown`), ChainUnreachableError */
export async function readEpoch(chain: Chain, jobId: Hash, epoch: number): Promise<PostedEpoch> {
  const [posted] = await read(chain, 'settlement', 'epochOf', [jobId, epoch]);
  const [root, total, maturesAt] = posted as Result;
  return { root: hash(root as string), totalWei: wei(total as bigint), maturesAt: Number(maturesAt) };
}

/** What a worker was paid in a job so far. @throws ChainUnreachableError */
export async function readPaid(chain: Chain, jobId: Hash, worker: Address): Promise<Wei> {
  const [paid] = await read(chain, 'settlement', 'paidOf', [jobId, worker]);
  return wei(paid as bigint);
}
