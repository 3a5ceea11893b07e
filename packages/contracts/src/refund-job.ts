/** Gives the depositor back what nobody has earned, after the deadline and without anybody's signature. */
import type { Hash } from '@murmuration/protocol';
import type { Chain } from './connect.ts';
import { callOf } from './read.ts';
import { sendBatch } from './send.ts';

/** @throws ContractRefusedError (`DeadlineAhead`, `NothingToRefund`), ChainUnreachableError */
export async function refundJob(chain: Chain, { jobId }: { jobId: Hash }): Promise<void> {
  await sendBatch(chain, [callOf(chain, 'settlement', 'refund', [jobId], { what: 'refund the job' })]);
}
