/** For tests: a token that bars accounts. It is compiled when it is asked for, since nothing ships with it. */
import { Interface, getCreateAddress, type InterfaceAbi } from 'ethers';
import { address, type Address } from '@murmuration/protocol';
import { compileTestToken } from '../scripts/compile.ts';
import type { Chain, ChainAccount } from './connect.ts';
import { sendBatch } from './send.ts';
import { SUPPLY } from './testing.ts';

const GAS = 3_000_000n;

/** Deploys `DenyingToken`; the account holds the supply. */
export async function deployDenyingToken(account: ChainAccount): Promise<Address> {
  const { abi, bytecode } = compileTestToken('DenyingToken');
  const data = bytecode + new Interface(abi as InterfaceAbi).encodeDeploy([account.address, SUPPLY]).slice(2);
  const nonce = await account.provider.getTransactionCount(account.address, 'pending');
  await sendBatch(account, [{ what: 'create the token', to: null, data, gas: GAS }]);
  return address(getCreateAddress({ from: account.address, nonce }));
}

/** From now on the chain's denying token refuses to move money to the account. */
export async function deny(chain: Chain, account: Address): Promise<void> {
  const data = new Interface(['function deny(address account)']).encodeFunctionData('deny', [account]);
  await sendBatch(chain, [{ what: 'deny an account', to: chain.contracts.token, data }]);
}
