/** Makes registered workers members of a job, so that their attestations count. */
import type { Address, Hash } from '@murmuration/protocol';
import type { Chain } from './connect.ts';
import { callOf, read } from './read.ts';
import { sendBatch } from './send.ts';
import { signEnrolment } from './sign/sign-enrolment.ts';
import { slices } from './slices.ts';

const BATCH = 128;

/**
 * Enrols those that are not members yet, with the coordinator's secret key `[32]`.
 * @returns the addresses that were new
 * @throws ContractRefusedError (`WorkerUnknown`: register it first; `CoordinatorWrong`), ChainUnreachableError
 */
export async function enrollWorkers(
  chain: Chain,
  { jobId, workers, coordinatorKey }: { jobId: Hash; workers: readonly Address[]; coordinatorKey: Uint8Array },
): Promise<Address[]> {
  const enrolled = await Promise.all(workers.map((worker) => read(chain, 'settlement', 'isEnrolled', [jobId, worker])));
  const fresh = workers.filter((_, i) => !(enrolled[i]![0] as boolean));
  const domain = { chainId: chain.chainId, contract: chain.contracts.settlement };
  const calls = slices(fresh, BATCH).map((slice) => {
    const signature = signEnrolment(coordinatorKey, domain, { jobId, workers: slice });
    return callOf(chain, 'settlement', 'enroll', [jobId, slice, signature], { what: 'enrol workers' });
  });
  await sendBatch(chain, calls);
  return fresh;
}
