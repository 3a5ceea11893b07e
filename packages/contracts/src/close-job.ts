/** Ends a job once every epoch has matured: what nobody has earned goes back to the depositor at once. */
import type { Hash } from '@murmuration/protocol';
import type { Chain } from './connect.ts';
import { readProgress } from './progress.ts';
import { callOf } from './read.ts';
import { sendBatch } from './send.ts';
import { signClose } from './sign/sign-close.ts';

/**
 * Closes with the coordinator's secret key `[32]`; a job that is closed is left as it is.
 * @throws ContractRefusedError (`EpochPending`: the last epoch can still be challenged), ChainUnreachableError
 */
export async function closeJob(
  chain: Chain,
  { jobId, coordinatorKey }: { jobId: Hash; coordinatorKey: Uint8Array },
): Promise<void> {
  const { epochs, closed } = await readProgress(chain, jobId);
  if (closed) return;
  const signature = signClose(
    coordinatorKey,
    { chainId: chain.chainId, contract: chain.contracts.settlement },
    { jobId, epochs },
  );
  await sendBatch(chain, [callOf(chain, 'settlement', 'close', [jobId, epochs, signature], { what: 'close the job' })]);
}
