/** Puts an epoch's root on chain. */
import type { Address, Hex } from '@murmuration/protocol';
import type { Chain } from './connect.ts';
import { readEpoch, readProgress } from './progress.ts';
import { callOf } from './read.ts';
import { sendBatch } from './send.ts';
import { attestationSigner } from './sign/sign-attestation.ts';
import type { EpochStatement } from './sign/sign-epoch.ts';

export interface PostEpochParameters {
  readonly statement: EpochStatement;
  /** The coordinator's, from `signEpoch`. */
  readonly signature: Hex;
  /** Auditors', from `signAttestation`, in any order. */
  readonly attestations: readonly Hex[];
}

/** An epoch that stands after the call. */
export interface PostedReceipt {
  /** First Unix second of the chain's clock at which it pays. */
  readonly maturesAt: number;
  /** The transaction that posted it; null when it stood already. */
  readonly transaction: string | null;
}

/**
 * Posts the epoch; one that stands already with the same contents is passed over. What is no attestation of it is left out.
 * @throws ContractRefusedError (`QuorumMissing`, `AttestorUnknown`), ChainUnreachableError, TransactionLostError
 */
export async function postEpoch(
  chain: Chain,
  { statement, signature, attestations }: PostEpochParameters,
): Promise<PostedReceipt> {
  const { jobId, epoch, root, totalWei } = statement;
  const standing = await standingEpoch(chain, statement);
  if (standing !== null) return { maturesAt: standing, transaction: null };
  const values = [[jobId, epoch, root, totalWei], signature, bySigner(chain, statement, attestations)];
  const [receipt] = await sendBatch(chain, [
    callOf(chain, 'settlement', 'postEpoch', values, { what: `post epoch ${epoch}` }),
  ]);
  return { maturesAt: (await readEpoch(chain, jobId, epoch)).maturesAt, transaction: receipt?.hash ?? null };
}

async function standingEpoch(chain: Chain, { jobId, epoch, root, totalWei }: EpochStatement): Promise<number | null> {
  const { epochs } = await readProgress(chain, jobId);
  if (epoch >= epochs) return null;
  const posted = await readEpoch(chain, jobId, epoch);
  return posted.root === root && posted.totalWei === totalWei ? posted.maturesAt : null;
}

/** The contract takes attestations in ascending order of their signers, so that it sees at once that they differ. */
function bySigner(chain: Chain, statement: EpochStatement, attestations: readonly Hex[]): Hex[] {
  const domain = { chainId: chain.chainId, contract: chain.contracts.settlement };
  const signers = new Map<Address, Hex>();
  for (const attestation of attestations) {
    const signer = attestationSigner(domain, statement, attestation);
    if (signer !== null) signers.set(signer, attestation);
  }
  return [...signers].sort(([a], [b]) => (BigInt(a) < BigInt(b) ? -1 : 1)).map(([, attestation]) => attestation);
}
