/** The contracts as the client sees them: their addresses and interfaces. */
import { Interface } from 'ethers';
import type { Address } from '@murmuration/protocol';
import { devnetTokenAbi } from './gen/devnet-token.ts';
import { epochSettlementAbi } from './gen/epoch-settlement.ts';
import { jobEscrowAbi } from './gen/job-escrow.ts';
import { workerRegistryAbi } from './gen/worker-registry.ts';

/** Where the contracts of one deployment are, and the token that its jobs pay in. */
export interface Contracts {
  readonly token: Address;
  readonly registry: Address;
  readonly escrow: Address;
  readonly settlement: Address;
}

export type ContractName = keyof Contracts;
export const contractNames = ['token', 'registry', 'escrow', 'settlement'] as const satisfies readonly ContractName[];

export const interfaces: Readonly<Record<ContractName, Interface>> = {
  token: new Interface(devnetTokenAbi),
  registry: new Interface(workerRegistryAbi),
  escrow: new Interface(jobEscrowAbi),
  settlement: new Interface(epochSettlementAbi),
};
