/** Puts workers into the registry on their own signatures; the sender pays the gas and gains no power over them. */
import type { Address, Hex, PeerId } from '@murmuration/protocol';
import type { Chain } from './connect.ts';
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
 * Registers the workers that are not known yet. One whose proof the registry would refuse is left out: it must not keep
 * the others from their pay.
 * @returns the addresses that are new in the registry
 * @throws IdentityError, ChainUnreachableError, TransactionLostError
 */
export async function registerWorkers(chain: Chain, registrations: readonly Registration[]): Promise<Address[]> {
  const workers = registrations.map((registration) => ({ ...registration, ...identityOfPeerId(registration.peerId) }));
  const known = await Promise.all(workers.map(({ address }) => isRegistered(chain, address)));
  const domain = { chainId: chain.chainId, contract: chain.contracts.registry };
  const fresh = workers.filter(
    ({ address: worker, payout, possession }, i) =>
      !known[i] && verifyPossession(domain, { worker, payout, possession }),
  );
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
