/** For tests: the settlement of a run on a test chain, and epochs that its workers signed. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { signAttestation } from '@murmuration/contracts';
import type { Chain } from '@murmuration/contracts';
import { party, TOKEN } from '@murmuration/contracts/testing';
import type { Party } from '@murmuration/contracts/testing';
import { hash } from '@murmuration/protocol';
import type { CoordinatorEffectOf } from '@murmuration/protocol';
import type { PaidSpec } from './open-chain.ts';
import type { Settlement, SettlementOptions } from './settlement.ts';

export interface TestOptions extends SettlementOptions {
  readonly payment: Extract<PaidSpec, { type: 'chain' }>;
  /** What it said. */
  readonly lines: string[];
  end(): void;
}

/** A run whose payer is the chain's own account. */
export function optionsOn({ rpcUrl, chainId, contracts }: Chain, payer: Uint8Array): TestOptions {
  const directory = mkdtempSync(join(tmpdir(), 'murmuration-settlement-'));
  writeFileSync(join(directory, 'payer.key'), Buffer.from(payer).toString('hex'), { mode: 0o600 });
  const lines: string[] = [];
  return {
    payment: {
      type: 'chain',
      rpcUrl,
      chainId,
      contracts,
      keyFile: 'payer.key',
      budget: (100n * TOKEN).toString(),
      pricePerMicroBatch: TOKEN.toString(),
      challengeWindow: 0,
      epochRounds: 1,
    },
    salt: hash(`0x${'5a'.repeat(32)}`),
    coordinatorKey: party('coordinator').secretKey,
    quorum: 1,
    devnetDirectory: directory,
    jobDirectory: directory,
    log: (line) => lines.push(line),
    lines,
    end: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** An epoch that gives each worker so many whole tokens, as the auditors signed it. */
export function epochOf(
  settlement: Settlement,
  epoch: number,
  tokens: readonly (readonly [Party, bigint])[],
  auditors: readonly Party[],
): CoordinatorEffectOf<'settle'> {
  const leaves = tokens.map(([{ peerId, address }, amount]) => ({
    peerId,
    address,
    verified: Number(amount),
    cumulativeWei: (amount * TOKEN).toString(),
  }));
  const { root, totalWei } = settlement.tree(leaves);
  const { chainId, settlement: contract, jobId } = settlement.scope;
  const statement = { jobId, epoch, root, totalWei };
  const attestations = auditors.map(({ peerId, address, secretKey }) => ({
    peerId,
    address,
    signature: signAttestation(secretKey, { chainId, contract }, statement),
  }));
  return { type: 'settle', epoch, root, leaves, totalWei: totalWei.toString(), attestations };
}
