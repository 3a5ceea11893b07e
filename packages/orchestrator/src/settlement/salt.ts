/**
 * The salt under which a run's job stands in the escrow. It follows from the run and from the secret that audits are
 * drawn from, so opening the job fixes, on chain and before the first round, a draw that the coordinator can't choose
 * later: whoever sees the secret afterwards (it is in the journal) can check that it is the one that was fixed.
 */
import { createHash } from 'node:crypto';
import { hash } from '@murmuration/protocol';
import type { Hash, RunId } from '@murmuration/protocol';

const sha256 = (...parts: readonly (string | Uint8Array)[]): Buffer => {
  const digest = createHash('sha256');
  for (const part of parts) digest.update(part);
  return digest.digest();
};

export const jobSalt = (runId: RunId, auditSecret: Hash): Hash =>
  hash(
    `0x${sha256('murmuration job\n', runId, '\n', sha256(Buffer.from(auditSecret.slice(2), 'hex'))).toString('hex')}`,
  );
