import { readFileSync } from 'node:fs';
import { getBytes, id } from 'ethers';
import { describe, expect, it } from 'vitest';
import { address, hash, hex, wei } from '@murmuration/protocol';
import { identityOf } from '../identity.ts';
import { attestationSigner, signAttestation } from './sign-attestation.ts';
import { signClose } from './sign-close.ts';
import { signEnrolment } from './sign-enrolment.ts';
import { signEpoch } from './sign-epoch.ts';
import { signPayoutChange } from './sign-payout-change.ts';
import { signPossession, verifyPossession } from './sign-possession.ts';
import { statementDigest, statementSigner, type StatementName } from './typed-data.ts';

const vectors = JSON.parse(readFileSync(new URL('../../vectors/vectors.json', import.meta.url), 'utf8'));
const statements = vectors.statements as Record<StatementName, { digest: string; signature: string }>;
const secretKey = getBytes(vectors.identities[0].secretKey as string);
const registry = { chainId: vectors.chainId as number, contract: address(vectors.registry) };
const settlement = { chainId: vectors.chainId as number, contract: address(vectors.settlement) };
const jobId = hash(vectors.jobId);
const payout = address(vectors.payout);
const epoch = { jobId, epoch: vectors.epoch as number, root: hash(vectors.root), totalWei: wei(BigInt(vectors.total)) };

describe('signatures are those that the contracts check', () => {
  it('of the coordinator and the auditors', () => {
    expect(signEpoch(secretKey, settlement, epoch)).toBe(statements.Epoch.signature);
    expect(signAttestation(secretKey, settlement, epoch)).toBe(statements.Attestation.signature);
    expect(signEnrolment(secretKey, settlement, { jobId, workers: vectors.workers })).toBe(
      statements.Enrolment.signature,
    );
    expect(signClose(secretKey, settlement, { jobId, epochs: 8 })).toBe(statements.Close.signature);
  });

  it('of workers', () => {
    const worker = identityOf(secretKey).address;
    const change = { payout, nonce: 3n, deadline: 2_000_000_000 };
    const signer = (name: StatementName, values: Record<string, unknown>, signature: string) =>
      statementSigner(name, registry, values, signature);
    expect(signer('Possession', { worker, payout }, signPossession(secretKey, registry, { payout }))).toBe(worker);
    expect(signer('PayoutChange', { worker, ...change }, signPayoutChange(secretKey, registry, change))).toBe(worker);
    expect(statementDigest('Possession', registry, { worker: vectors.worker, payout })).toBe(
      statements.Possession.digest,
    );
  });
});

describe('a signature counts once', () => {
  const worker = identityOf(secretKey).address;
  const possession = signPossession(secretKey, registry, { payout });

  it('for the worker and payout that it names', () => {
    expect(verifyPossession(registry, { worker, payout, possession })).toBe(true);
    expect(verifyPossession(registry, { worker, payout: worker, possession })).toBe(false);
    expect(verifyPossession(registry, { worker: payout, payout, possession })).toBe(false);
  });

  it('on its chain and at its contract', () => {
    expect(verifyPossession({ ...registry, chainId: 1 }, { worker, payout, possession })).toBe(false);
    expect(verifyPossession({ ...registry, contract: settlement.contract }, { worker, payout, possession })).toBe(
      false,
    );
  });

  it("as what it is: a coordinator's word is no attestation", () => {
    expect(attestationSigner(settlement, epoch, signAttestation(secretKey, settlement, epoch))).toBe(worker);
    expect(attestationSigner(settlement, epoch, signEpoch(secretKey, settlement, epoch))).not.toBe(worker);
  });

  it.each([
    ['no bytes', '0x'],
    ['the short form of EIP-2098, which the contracts do not take', `0x${'11'.repeat(64)}`],
    ['an s in the upper half', `0x${'11'.repeat(32)}${'ff'.repeat(32)}1b`],
    ['garbage', id('garbage')],
    ['an s just above half the order', `0x${'11'.repeat(32)}7${'f'.repeat(63)}1b`],
    ['no hexadecimal', `0x${'zz'.repeat(65)}`],
  ])('and not at all when it is %s', (_name, signature) => {
    expect(attestationSigner(settlement, epoch, hex(signature))).toBeNull();
  });

  it.each(['00', '01', '1a', '1d', '23', '24', '25', '26', 'fe', 'ff'])(
    'and not at all with the recovery bit %s, which no contract takes',
    (v) => {
      const rewritten = (signature: string) => hex(`${signature.slice(0, -2)}${v}`);
      expect(verifyPossession(registry, { worker, payout, possession: rewritten(possession) })).toBe(false);
      const attestation = rewritten(signAttestation(secretKey, settlement, epoch));
      expect(attestationSigner(settlement, epoch, attestation)).toBeNull();
    },
  );
});
