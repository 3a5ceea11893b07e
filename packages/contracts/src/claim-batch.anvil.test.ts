import { afterAll, beforeAll, expect, it } from 'vitest';
import { claimBatch } from './claim-batch.ts';
import { closeJob } from './close-job.ts';
import { enrollWorkers } from './enroll-workers.ts';
import { escrowTotals, tokenBalance } from './escrow-totals.ts';
import { postEpoch } from './post-epoch.ts';
import { registerWorkers } from './register-workers.ts';
import {
  claimsOf,
  earningsOf,
  openTestJob,
  party,
  registrationOf,
  signedEpoch,
  startTestChain,
  TOKEN,
  type TestChain,
} from './testing.ts';
import { deny, deployDenyingToken } from './testing-token.ts';

const coordinatorKey = party('coordinator').secretKey;
/** More than one transaction takes. */
const workers = Array.from({ length: 70 }, (_, i) => party(`worker ${i}`));
const denied = [workers[3]!, workers[66]!];

let test: TestChain;
beforeAll(async () => {
  test = await startTestChain(deployDenyingToken);
  const { chain } = test;
  await registerWorkers(
    chain,
    workers.map((worker) => registrationOf(chain, worker)),
  );
  for (const worker of denied) await deny(chain, registrationOf(chain, worker).payout);
});
afterAll(() => test.end());

it('a payout that the token refuses holds up nobody else, and not the close', async () => {
  const { chain } = test;
  const { jobId } = await openTestJob(chain, 'denied', { challengeWindowSeconds: 0, quorum: 0 });
  await enrollWorkers(chain, { jobId, workers: workers.map(({ address }) => address), coordinatorKey });
  const earnings = earningsOf(...workers.map((worker) => [worker, 2n] as const));
  const { tree, post } = signedEpoch(chain, { jobId, epoch: 0, earnings, auditors: [] });
  await postEpoch(chain, post);
  const claims = claimsOf(tree, earnings);

  const { paidWei, refused } = await claimBatch(chain, { jobId, epoch: 0, claims });
  expect(paidWei).toBe(2n * TOKEN * BigInt(workers.length - denied.length));
  expect(refused.map(({ address }) => address)).toEqual(denied.map(({ address }) => address));
  expect(refused[0]?.why.message).toContain('account is denied');
  for (const worker of workers) {
    const expected = denied.includes(worker) ? 0n : 2n * TOKEN;
    expect(await tokenBalance(chain, registrationOf(chain, worker).payout)).toBe(expected);
  }

  await closeJob(chain, { jobId, coordinatorKey });
  expect(await escrowTotals(chain, jobId)).toMatchObject({ heldWei: 4n * TOKEN });
  expect(await claimBatch(chain, { jobId, epoch: 0, claims })).toMatchObject({ paidWei: 0n, refused: [{}, {}] });
});
