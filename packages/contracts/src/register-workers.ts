/** Puts workers into the registry on their own signatures; the sender pays the gas and gains no power over them. */
import type { Address, Hex, PeerId } from '@murmuration/protocol';
import type { Chain } from './connect.ts';
import { SignatureRefusedError } from './errors.ts';
import { identityOfPeerId } from './identity.ts';
import { callOf, read } from './read.ts';
import { sendBatch } from './send.ts';
import { slices } from './slices.ts';
import { verifyPossession } from './sign/sign-possession.ts';

/** What a worker hands out. */
export interface Registration {
  readonly peerId: PeerId;
  readonly payout: Address;
  readonly possession: Hex;
}

/** About 90,000 gas each, so that a batch stays far below a block's limit. */
const BATCH = 64;

/**
 * Registers the workers that are not known yet. Check proofs with `verifyPossession` when they come in; a bad one fails
 * the call before anything is sent.
 * @returns the addresses that were new
 * @throws SignatureRefusedError, IdentityError, ChainUnreachableError, TransactionLostError
 */
export async function registerWorkers(chain: Chain, registrations: readonly Registration[]): Promise<Address[]> {
  const workers = registrations.map((registration) => ({ ...registration, ...identityOfPeerId(registration.peerId) }));
  const known = await Promise.all(workers.map(({ address }) => isRegistered(chain, address)));
  const fresh = workers.filter((_, i) => !known[i]);
  const domain = { chainId: chain.chainId, contract: chain.contracts.registry };
  for (const { address: worker, payout, possession } of fresh) {
    if (!verifyPossession(domain, { worker, payout, possession }))
      throw new SignatureRefusedError({ what: 'a proof of possession', signer: worker });
  }
  const calls = slices(fresh, BATCH).map((slice) =>
    callOf(
      chain,
      'registry',
      'registerBatch',
      [slice.map(({ publicKey, payout, possession }) => [publicKey, payout, possession])],
      {
        what: 'register workers',
      },
    ),
  );
  await sendBatch(chain, calls);
  return fresh.map(({ address }) => address);
}

/** Whether the worker is in the registry. @throws ChainUnreachableError */
export async function isRegistered(chain: Chain, worker: Address): Promise<boolean> {
  const [answer] = await read(chain, 'registry', 'isRegistered', [worker]);
  return answer as boolean;
}
