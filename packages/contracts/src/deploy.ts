/** Puts the contracts on a chain: once for everybody, since they have no owner; or for each run, on its own devnet. */
import { getCreateAddress } from 'ethers';
import { address, type Address, type Wei } from '@murmuration/protocol';
import type { ChainAccount } from './connect.ts';
import { interfaces, type ContractName, type Contracts } from './contracts.ts';
import { explainChainError } from './explain.ts';
import { devnetTokenBytecode } from './gen/devnet-token.ts';
import { epochSettlementBytecode } from './gen/epoch-settlement.ts';
import { jobEscrowBytecode } from './gen/job-escrow.ts';
import { workerRegistryBytecode } from './gen/worker-registry.ts';
import { sendBatch, type Call } from './send.ts';

export interface DeployOptions {
  /** An ERC-20 that is there already; left out, a devnet token is made and the deployer holds all of it. */
  readonly token?: Address;
  /** Supply of the devnet token. */
  readonly supplyWei: Wei;
}

/** Gas for the settlement's creation, which can't be estimated before the contracts that it names are there. */
const CREATE_GAS = 3_500_000n;

const bytecodes: Readonly<Record<ContractName, string>> = {
  token: devnetTokenBytecode,
  registry: workerRegistryBytecode,
  escrow: jobEscrowBytecode,
  settlement: epochSettlementBytecode,
};

/**
 * Deploys token (unless given), registry, escrow and settlement in one batch.
 * @throws ChainUnreachableError, BalanceInsufficientError, TransactionLostError
 */
export async function deploy(account: ChainAccount, { token, supplyWei }: DeployOptions): Promise<Contracts> {
  const names: readonly ContractName[] =
    token === undefined ? ['token', 'registry', 'escrow', 'settlement'] : ['registry', 'escrow', 'settlement'];
  const first = await account.provider.getTransactionCount(account.address, 'pending').catch((cause: unknown) => {
    throw explainChainError(cause, { what: 'read the nonce', rpcUrl: account.rpcUrl, account: account.address });
  });
  // A created contract's address follows from its creator's nonce, so all are known before any is there.
  const predicted = (name: ContractName): Address =>
    address(getCreateAddress({ from: account.address, nonce: first + names.indexOf(name) }));
  const contracts: Contracts = {
    token: token ?? predicted('token'),
    registry: predicted('registry'),
    escrow: predicted('escrow'),
    settlement: predicted('settlement'),
  };
  await sendBatch(
    account,
    names.map((name) => creation(name, account.address, contracts, supplyWei)),
  );
  return contracts;
}

function creation(name: ContractName, holder: Address, { escrow, registry }: Contracts, supplyWei: Wei): Call {
  const values = name === 'token' ? [holder, supplyWei] : name === 'settlement' ? [escrow, registry] : [];
  const data = bytecodes[name] + interfaces[name].encodeDeploy(values).slice(2);
  return { what: `create the contract ${name}`, to: null, data, gas: CREATE_GAS };
}
