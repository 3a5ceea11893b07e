/** A connection to a chain, checked before anything is done with it. */
import { JsonRpcProvider, Network, Wallet, hexlify } from 'ethers';
import type { Address } from '@murmuration/protocol';
import { contractNames, type Contracts } from './contracts.ts';
import { ChainIdWrongError, ChainUnreachableError, ContractMissingError } from './errors.ts';
import { explainChainError } from './explain.ts';
import { identityOf } from './identity.ts';
import { SerialQueue } from './serial-queue.ts';

export interface ConnectOptions {
  readonly rpcUrl: string;
  /** The chain that must answer there; left out, any will do. */
  readonly chainId?: number;
  /** The secret key `[32]` of the account that pays for gas and, when it opens a job, deposits. */
  readonly secretKey: Uint8Array;
  /** How long a first answer may take. */
  readonly timeoutMs?: number;
  /** How long a transaction may take to be mined. */
  readonly receiptTimeoutMs?: number;
}

/** An account on a chain. */
export interface ChainAccount {
  readonly rpcUrl: string;
  readonly chainId: number;
  readonly address: Address;
  readonly provider: JsonRpcProvider;
  readonly wallet: Wallet;
  readonly receiptTimeoutMs: number;
  /** Sends one batch after the other: two at once would use the same nonces. */
  readonly queue: SerialQueue;
  close(): void;
}

/** An account on a chain on which the contracts are. */
export interface Chain extends ChainAccount {
  readonly contracts: Contracts;
}

/**
 * Connects an account to a chain.
 * @throws ChainUnreachableError, ChainIdWrongError, IdentityError
 */
export async function connectAccount({
  rpcUrl,
  chainId: expected,
  secretKey,
  timeoutMs = 10_000,
  receiptTimeoutMs = 180_000,
}: ConnectOptions): Promise<ChainAccount> {
  const identity = identityOf(secretKey);
  const found = await askChainId(rpcUrl, timeoutMs);
  if (expected !== undefined && found !== expected) throw new ChainIdWrongError({ rpcUrl, expected, found });
  // A static network keeps the library from asking again and again; no cache, or it would repeat nonces.
  const network = Network.from(found);
  const provider = new JsonRpcProvider(rpcUrl, network, {
    staticNetwork: network,
    cacheTimeout: -1,
    batchStallTime: 0,
  });
  const wallet = new Wallet(hexlify(secretKey), provider);
  const close = (): void => provider.destroy();
  return {
    rpcUrl,
    chainId: found,
    address: identity.address,
    provider,
    wallet,
    receiptTimeoutMs,
    queue: new SerialQueue(),
    close,
  };
}

/**
 * Connects an account to a deployment of the contracts.
 * @throws ChainUnreachableError, ChainIdWrongError, ContractMissingError, IdentityError
 */
export async function connectChain(options: ConnectOptions & { readonly contracts: Contracts }): Promise<Chain> {
  const account = await connectAccount(options);
  try {
    return await withContracts(account, options.contracts);
  } catch (error) {
    account.close();
    throw error;
  }
}

/** Checks that every contract has code. @throws ContractMissingError, ChainUnreachableError */
export async function withContracts(account: ChainAccount, contracts: Contracts): Promise<Chain> {
  const codes = await Promise.all(contractNames.map((name) => account.provider.getCode(contracts[name]))).catch(
    (cause: unknown) => {
      throw explainChainError(cause, { what: 'read the contracts', rpcUrl: account.rpcUrl, account: account.address });
    },
  );
  contractNames.forEach((name, i) => {
    if (codes[i] === '0x') throw new ContractMissingError({ name, address: contracts[name], chainId: account.chainId });
  });
  return { ...account, contracts };
}

/** Asked by hand: the library would retry for ever where nothing answers. */
async function askChainId(rpcUrl: string, timeoutMs: number): Promise<number> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_chainId', params: [] });
  const headers = { 'content-type': 'application/json' };
  let answer: unknown;
  try {
    const response = await fetch(rpcUrl, { method: 'POST', headers, body, signal: AbortSignal.timeout(timeoutMs) });
    answer = await response.json();
  } catch (cause) {
    throw new ChainUnreachableError({ rpcUrl, why: reasonOf(cause), cause });
  }
  const chainId = Number((answer as { result?: unknown } | null)?.result);
  if (!Number.isSafeInteger(chainId) || chainId <= 0)
    throw new ChainUnreachableError({ rpcUrl, why: 'what answers there is no Ethereum node' });
  return chainId;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof SyntaxError) return 'what answers there does not speak JSON';
  return error.cause instanceof Error && error.cause.message !== '' ? error.cause.message : error.message;
}

/** The chain's clock: the time of its latest block, Unix seconds. On a devnet it may be ahead of this machine's. */
export async function chainTime({ provider, rpcUrl, address: account }: ChainAccount): Promise<number> {
  try {
    const block = await provider.getBlock('latest');
    return block?.timestamp ?? 0;
  } catch (cause) {
    throw explainChainError(cause, { what: 'read the latest block', rpcUrl, account });
  }
}
