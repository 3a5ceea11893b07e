/** Claims what workers have earned, for all of them at once; the money goes to their payout addresses. */
import { wei, type Address, type Hash, type Wei } from '@murmuration/protocol';
import type { Chain } from './connect.ts';
import { ContractRefusedError } from './errors.ts';
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

/** A claim that nobody can carry out now: the worker's money stays where it is, to be claimed later. */
export interface RefusedClaim {
  readonly address: Address;
  readonly why: ContractRefusedError;
}

export interface ClaimReceipt {
  /** What the workers got, all together. */
  readonly paidWei: Wei;
  readonly refused: readonly RefusedClaim[];
}

/** About 70,000 gas each with a real token. */
const BATCH = 64;

/** Refusals that are about the epoch or the tree. Whatever else is refused may be one payout that the token does not take. */
const ABOUT_ALL: ReadonlySet<string> = new Set([
  'EpochPending',
  'EpochUnknown',
  'JobUnknown',
  'ProofInvalid',
  'SettlementElsewhere',
]);

/**
 * Claims; those that are paid already are left out, and so are those that are refused: they must not hold up the others.
 * @throws ContractRefusedError (`EpochPending`: wait, or move a devnet's clock on), ChainUnreachableError
 */
export async function claimBatch(chain: Chain, { jobId, epoch, claims }: ClaimBatchParameters): Promise<ClaimReceipt> {
  const paid = await Promise.all(claims.map(({ address }) => readPaid(chain, jobId, address)));
  const due = claims.filter(({ cumulativeWei }, i) => cumulativeWei > paid[i]!);
  const refused = await claimAll(chain, { jobId, epoch }, slices(due, BATCH));
  const left = new Set(refused.map(({ address }) => address));
  const gained = claims.map(({ address, cumulativeWei }, i) =>
    left.has(address) || cumulativeWei <= paid[i]! ? 0n : cumulativeWei - paid[i]!,
  );
  return { paidWei: wei(gained.reduce((sum, amount) => sum + amount, 0n)), refused };
}

type Where = Omit<ClaimBatchParameters, 'claims'>;

/** Sends a transaction a slice. What is refused is halved until it is clear which claims it is about. */
async function claimAll(chain: Chain, where: Where, parts: readonly WorkerClaim[][]): Promise<RefusedClaim[]> {
  try {
    await sendBatch(
      chain,
      parts.map((part) => claimCall(chain, where, part)),
    );
    return [];
  } catch (error) {
    if (!(error instanceof ContractRefusedError) || ABOUT_ALL.has(error.reason)) throw error;
    const [only] = parts;
    if (parts.length === 1 && only?.length === 1) return only.map(({ address }) => ({ address, why: error }));
    const smaller = parts.length === 1 && only !== undefined ? halves(only).map((half) => [half]) : halves(parts);
    const refused: RefusedClaim[] = [];
    for (const half of smaller) refused.push(...(await claimAll(chain, where, half)));
    return refused;
  }
}

function claimCall(chain: Chain, { jobId, epoch }: Where, claims: readonly WorkerClaim[]): ReturnType<typeof callOf> {
  const leaves = claims.map(({ address, cumulativeWei, proof }) => [address, cumulativeWei, proof]);
  return callOf(chain, 'settlement', 'claim', [jobId, epoch, leaves], { what: `claim on epoch ${epoch}` });
}

const halves = <T>(items: readonly T[]): T[][] => slices(items, Math.ceil(items.length / 2));
