/** Reads from contracts. */
import type { Result } from 'ethers';
import type { Chain } from './connect.ts';
import { interfaces, type ContractName } from './contracts.ts';
import { explainChainError } from './explain.ts';
import type { Call } from './send.ts';

/** Calls a view function; the result has its return values by position. @throws ContractRefusedError, ChainUnreachableError */
export async function read(
  chain: Chain,
  contract: ContractName,
  method: string,
  values: readonly unknown[],
): Promise<Result> {
  const data = interfaces[contract].encodeFunctionData(method, values);
  try {
    const answer = await chain.provider.call({ to: chain.contracts[contract], data });
    return interfaces[contract].decodeFunctionResult(method, answer);
  } catch (cause) {
    throw explainChainError(cause, {
      what: `read ${contract}.${method}`,
      rpcUrl: chain.rpcUrl,
      account: chain.address,
    });
  }
}

/** A transaction that calls a contract's function. */
export function callOf(
  chain: Chain,
  contract: ContractName,
  method: string,
  values: readonly unknown[],
  call: Omit<Call, 'to' | 'data'>,
): Call {
  return { ...call, to: chain.contracts[contract], data: interfaces[contract].encodeFunctionData(method, values) };
}
