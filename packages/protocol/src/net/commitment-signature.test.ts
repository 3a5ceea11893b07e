import { describe, expect, it } from 'vitest';
import { hash, hex, microBatch, peerId, round, runId, view } from '../core/ids.ts';
import type { CommitmentTerms } from '../wire/commitment.ts';
import { signCommitment, verifyCommitment } from './commitment-signature.ts';
import { testKey } from './testing.ts';

const terms: CommitmentTerms = {
  runId: runId('20261101-00000000'),
  round: round(3),
  assignment: view(4),
  root: hash(`0x${'ab'.repeat(32)}`),
  microBatches: [microBatch(7), microBatch(8)],
  samples: 64,
};
const key = testKey(5);
const signer = peerId(key.publicKey.toString());

describe('a commitment signature', () => {
  const signature = signCommitment(key, terms);

  it('is 65 bytes and verifies for its signer', () => {
    expect(signature).toMatch(/^0x[0-9a-f]{128}(1b|1c)$/);
    expect(verifyCommitment(signer, terms, signature)).toBe(true);
  });

  it('holds for these terms and this signer alone', () => {
    expect(verifyCommitment(signer, { ...terms, samples: 65 }, signature)).toBe(false);
    expect(verifyCommitment(signer, { ...terms, microBatches: [microBatch(7)] }, signature)).toBe(false);
    expect(verifyCommitment(peerId(testKey(6).publicKey.toString()), terms, signature)).toBe(false);
  });

  it('is refused, without a throw, when it is garbage', () => {
    for (const garbage of ['0x', `0x${'00'.repeat(65)}`, `0x${'ff'.repeat(65)}`, '0x1'])
      expect(verifyCommitment(signer, terms, hex(garbage))).toBe(false);
    expect(verifyCommitment(peerId('nobody'), terms, signature)).toBe(false);
  });
});
