/** Moves a worker's pay to another address, on the worker's own signature. */
import type { Address, Hex } from '@murmuration/protocol';
import type { Chain } from './connect.ts';
import { callOf, read } from './read.ts';
import { sendBatch } from './send.ts';

export interface ChangePayoutParameters {
  readonly worker: Address;
  readonly payout: Address;
  readonly deadline: number;
  /** From `signPayoutChange`. */
  readonly signature: Hex;
}

/** @throws ContractRefusedError (`SignerWrong`, `SignatureExpired`, `WorkerUnknown`), ChainUnreachableError */
export async function changePayout(
  chain: Chain,
  { worker, payout, deadline, signature }: ChangePayoutParameters,
): Promise<void> {
  await sendBatch(chain, [
    callOf(chain, 'registry', 'changePayout', [worker, payout, deadline, signature], {
      what: 'change the payout address',
    }),
  ]);
}

/** The nonce that the worker's next change must carry. @throws ContractRefusedError (`WorkerUnknown`), ChainUnreachableError */
export async function payoutNonce(chain: Chain, worker: Address): Promise<bigint> {
  const [nonce] = await read(chain, 'registry', 'nonceOf', [worker]);
  return nonce as bigint;
}
