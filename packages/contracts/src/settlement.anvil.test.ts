import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hash, hex, wei, type Hex } from '@murmuration/protocol';
import { changePayout, payoutNonce } from './change-payout.ts';
import { claimBatch } from './claim-batch.ts';
import { closeJob } from './close-job.ts';
import { enrollWorkers } from './enroll-workers.ts';
import { escrowTotals, tokenBalance } from './escrow-totals.ts';
import { openJob } from './open-job.ts';
import { postEpoch } from './post-epoch.ts';
import { readProgress } from './progress.ts';
import { refundJob } from './refund-job.ts';
import { isRegistered, registerWorkers } from './register-workers.ts';
import { signPayoutChange } from './sign/sign-payout-change.ts';
import { chainTime } from './connect.ts';
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

const [ana, ben, cleo] = [party('ana'), party('ben'), party('cleo')];
const workers = [ana, ben, cleo];
const coordinatorKey = party('coordinator').secretKey;

let test: TestChain;
beforeAll(async () => {
  test = await startTestChain();
  await registerWorkers(
    test.chain,
    workers.map((worker) => registrationOf(test.chain, worker)),
  );
});
afterAll(() => test.end());

/** A signature with its last byte moved by so much. */
const recoveryBit = (signature: Hex, by: number): Hex =>
  hex(signature.slice(0, -2) + (Number.parseInt(signature.slice(-2), 16) + by).toString(16).padStart(2, '0'));

/** An open job with the three workers enrolled. */
async function openWithWorkers(...job: Parameters<typeof openTestJob> extends [unknown, ...infer Rest] ? Rest : never) {
  const opened = await openTestJob(test.chain, ...job);
  await enrollWorkers(test.chain, {
    jobId: opened.jobId,
    workers: workers.map(({ address }) => address),
    coordinatorKey,
  });
  return opened;
}

/** Posts an epoch attested by ana and ben. */
async function post(jobId: Parameters<typeof readProgress>[1], epoch: number, earnings: ReturnType<typeof earningsOf>) {
  const signed = signedEpoch(test.chain, { jobId, epoch, earnings, auditors: [ana, ben] });
  await postEpoch(test.chain, signed.post);
  return { ...signed, claims: claimsOf(signed.tree, earnings) };
}

describe('the life of a job', () => {
  it('ends with deposited = paid + refunded to the last wei', async () => {
    const { chain, devnet } = test;
    const before = await tokenBalance(chain, chain.address);
    const { jobId } = await openWithWorkers('life', { budgetWei: wei(100n * TOKEN + 7n) });
    expect(await escrowTotals(chain, jobId)).toEqual({
      depositedWei: 100n * TOKEN + 7n,
      paidWei: 0n,
      refundedWei: 0n,
      heldWei: 100n * TOKEN + 7n,
    });

    const first = await post(jobId, 0, earningsOf([ana, 10n], [ben, 5n]));
    await expect(claimBatch(chain, { jobId, epoch: 0, claims: first.claims })).rejects.toMatchObject({
      reason: 'EpochPending',
    });
    await devnet.advanceTime(3600);
    expect(await claimBatch(chain, { jobId, epoch: 0, claims: first.claims })).toMatchObject({
      paidWei: 15n * TOKEN,
      refused: [],
    });

    const second = await post(jobId, 1, earningsOf([ana, 30n], [ben, 5n], [cleo, 12n]));
    await expect(closeJob(chain, { jobId, coordinatorKey })).rejects.toMatchObject({ reason: 'EpochPending' });
    await devnet.advanceTime(3600);
    expect(await claimBatch(chain, { jobId, epoch: 1, claims: second.claims })).toMatchObject({
      paidWei: 32n * TOKEN,
      refused: [],
    });
    await closeJob(chain, { jobId, coordinatorKey });
    await closeJob(chain, { jobId, coordinatorKey });

    expect(await escrowTotals(chain, jobId)).toEqual({
      depositedWei: 100n * TOKEN + 7n,
      paidWei: 47n * TOKEN,
      refundedWei: 53n * TOKEN + 7n,
      heldWei: 0n,
    });
    expect(await tokenBalance(chain, chain.address)).toBe(before - 47n * TOKEN);
    for (const [worker, earned] of [
      [ana, 30n],
      [ben, 5n],
      [cleo, 12n],
    ] as const)
      expect(await tokenBalance(chain, registrationOf(chain, worker).payout)).toBe(earned * TOKEN);
  });

  it('needs no waiting where the challenge window is 0', async () => {
    const { chain } = test;
    const { jobId } = await openWithWorkers('no window', { challengeWindowSeconds: 0 });
    const { claims } = await post(jobId, 0, earningsOf([ana, 3n]));
    expect(await claimBatch(chain, { jobId, epoch: 0, claims })).toMatchObject({ paidWei: 3n * TOKEN, refused: [] });
    await closeJob(chain, { jobId, coordinatorKey });
    expect(await escrowTotals(chain, jobId)).toMatchObject({
      paidWei: 3n * TOKEN,
      refundedWei: 997n * TOKEN,
      heldWei: 0n,
    });
  });

  it('keeps what is earned for those who claim after the close', async () => {
    const { chain } = test;
    const { jobId } = await openWithWorkers('late claim', { challengeWindowSeconds: 0 });
    const { claims } = await post(jobId, 0, earningsOf([ana, 3n], [ben, 4n]));
    await closeJob(chain, { jobId, coordinatorKey });
    expect(await escrowTotals(chain, jobId)).toMatchObject({ heldWei: 7n * TOKEN, refundedWei: 993n * TOKEN });
    expect(await claimBatch(chain, { jobId, epoch: 0, claims })).toMatchObject({ paidWei: 7n * TOKEN, refused: [] });
    expect(await escrowTotals(chain, jobId)).toMatchObject({ heldWei: 0n });
  });

  it('gives back the unearned after the deadline without the coordinator, and never the earned', async () => {
    const { chain, devnet } = test;
    const deadline = (await chainTime(chain)) + 7200;
    const { jobId } = await openWithWorkers('deadline', { deadline, challengeWindowSeconds: 0 });
    await post(jobId, 0, earningsOf([ana, 11n]));
    await expect(refundJob(chain, { jobId })).rejects.toMatchObject({ reason: 'DeadlineAhead' });
    await devnet.advanceTime(7200);
    await refundJob(chain, { jobId });
    expect(await escrowTotals(chain, jobId)).toMatchObject({ refundedWei: 989n * TOKEN, heldWei: 11n * TOKEN });
    await expect(refundJob(chain, { jobId })).rejects.toMatchObject({ reason: 'NothingToRefund' });
    await expect(post(jobId, 1, earningsOf([ana, 12n]))).rejects.toMatchObject({ reason: 'DeadlinePassed' });
  });
});

describe('what is refused', () => {
  it('an epoch that somebody else signed, or with too few attestations', async () => {
    const { chain } = test;
    const { jobId } = await openWithWorkers('wrong signer');
    const sign = (options: object) =>
      signedEpoch(chain, { jobId, epoch: 0, earnings: earningsOf([ana, 1n]), auditors: [ana, ben], ...options }).post;
    await expect(postEpoch(chain, sign({ coordinator: party('mallory') }))).rejects.toMatchObject({
      reason: 'CoordinatorWrong',
    });
    await expect(postEpoch(chain, sign({ auditors: [ana] }))).rejects.toMatchObject({ reason: 'QuorumMissing' });
    await expect(postEpoch(chain, sign({ auditors: [ana, ana] }))).rejects.toMatchObject({ reason: 'QuorumMissing' });
    await expect(postEpoch(chain, sign({ auditors: [ana, party('mallory')] }))).rejects.toMatchObject({
      reason: 'AttestorUnknown',
    });
  });

  it('an epoch out of order; the same one again changes nothing', async () => {
    const { chain } = test;
    const { jobId } = await openWithWorkers('replay');
    const { post: first } = await post(jobId, 0, earningsOf([ana, 1n]));
    expect((await postEpoch(chain, first)).transaction).toBeNull();
    expect(await readProgress(chain, jobId)).toMatchObject({ epochs: 1 });
    await expect(post(jobId, 0, earningsOf([ana, 2n]))).rejects.toMatchObject({ reason: 'EpochOutOfOrder' });
    await expect(post(jobId, 2, earningsOf([ana, 2n]))).rejects.toMatchObject({ reason: 'EpochOutOfOrder' });
  });

  it('a total above the deposit or below the last one', async () => {
    const { jobId } = await openWithWorkers('totals');
    await post(jobId, 0, earningsOf([ana, 10n]));
    await expect(post(jobId, 1, earningsOf([ana, 1001n]))).rejects.toMatchObject({ reason: 'TotalAboveDeposit' });
    await expect(post(jobId, 1, earningsOf([ana, 9n]))).rejects.toMatchObject({ reason: 'TotalDecreased' });
  });

  it("paying a claim twice, a claim on more than the leaf, and another job's claim", async () => {
    const { chain } = test;
    const { jobId } = await openWithWorkers('claims', { challengeWindowSeconds: 0 });
    const { jobId: other } = await openWithWorkers('claims of another', { challengeWindowSeconds: 0 });
    const { claims } = await post(jobId, 0, earningsOf([ana, 5n], [ben, 6n]));
    await post(other, 0, earningsOf([ana, 5n], [cleo, 6n]));
    const untouched = await escrowTotals(chain, other);

    expect(await claimBatch(chain, { jobId, epoch: 0, claims })).toMatchObject({ paidWei: 11n * TOKEN, refused: [] });
    expect(await claimBatch(chain, { jobId, epoch: 0, claims })).toMatchObject({ paidWei: 0n, refused: [] });
    const inflated = [{ ...claims[0]!, cumulativeWei: wei(50n * TOKEN) }];
    await expect(claimBatch(chain, { jobId, epoch: 0, claims: inflated })).rejects.toMatchObject({
      reason: 'ProofInvalid',
    });
    await expect(claimBatch(chain, { jobId: other, epoch: 0, claims })).rejects.toMatchObject({
      reason: 'ProofInvalid',
    });
    expect(await escrowTotals(chain, other)).toEqual(untouched);
  });

  it('a registration that the worker did not sign, or not as the registry reads it; the others stand', async () => {
    const { chain } = test;
    const [dora, emil] = [party('dora'), party('emil')];
    const stolen = { ...registrationOf(chain, party('fritz')), payout: party('mallory').address };
    const odd = registrationOf(chain, party('gerda'));
    // What a library that normalises signatures takes for the same signature.
    const rewritten = { ...odd, possession: recoveryBit(odd.possession, -27) };
    const batch = [registrationOf(chain, dora), stolen, rewritten, registrationOf(chain, emil)];
    expect(await registerWorkers(chain, batch)).toEqual([dora.address, emil.address]);
    expect(await isRegistered(chain, party('fritz').address)).toBe(false);
    expect(await isRegistered(chain, party('gerda').address)).toBe(false);
  });

  it('an attestation in another spelling, which leaves those that count', async () => {
    const { chain } = test;
    const { jobId } = await openWithWorkers('odd attestation');
    const { post: signed } = signedEpoch(chain, {
      jobId,
      epoch: 0,
      earnings: earningsOf([ana, 1n]),
      auditors: [ana, ben, cleo],
    });
    const [first, second, third] = signed.attestations as [Hex, Hex, Hex];
    await postEpoch(chain, { ...signed, attestations: [recoveryBit(first, -27), second, third] });
    expect(await readProgress(chain, jobId)).toMatchObject({ epochs: 1 });
  });

  it('a budget that the depositor does not have', async () => {
    const { chain } = test;
    const poor = openTestJob(chain, 'poor', { budgetWei: wei(10n ** 30n) });
    await expect(poor).rejects.toMatchObject({ code: 'BALANCE_INSUFFICIENT' });
  });
});

describe('workers', () => {
  it('are registered once, in any number, by anybody', async () => {
    const { chain } = test;
    const crowd = Array.from({ length: 70 }, (_, i) => party(`crowd ${i}`));
    const registrations = [...workers, ...crowd].map((worker) => registrationOf(chain, worker));
    expect(await registerWorkers(chain, registrations)).toEqual(crowd.map(({ address }) => address));
    expect(await registerWorkers(chain, registrations)).toEqual([]);
  });

  it('move their pay by their own signature only', async () => {
    const { chain } = test;
    const { jobId } = await openWithWorkers('payout', { challengeWindowSeconds: 0 });
    const { claims } = await post(jobId, 0, earningsOf([cleo, 9n]));
    const worker = cleo.address;
    const payout = party('new payout').address;
    const change = { payout, nonce: await payoutNonce(chain, worker), deadline: (await chainTime(chain)) + 3600 };
    const domain = { chainId: chain.chainId, contract: chain.contracts.registry };
    const forged = signPayoutChange(ben.secretKey, domain, change);
    await expect(changePayout(chain, { worker, ...change, signature: forged })).rejects.toMatchObject({
      reason: 'SignerWrong',
    });
    const signature = signPayoutChange(cleo.secretKey, domain, change);
    await changePayout(chain, { worker, ...change, signature });
    await expect(changePayout(chain, { worker, ...change, signature })).rejects.toMatchObject({
      reason: 'SignerWrong',
    });
    await claimBatch(chain, { jobId, epoch: 0, claims });
    expect(await tokenBalance(chain, payout)).toBe(9n * TOKEN);
  });
});

it('opens a job once a salt', async () => {
  const { chain } = test;
  const parameters = {
    coordinator: ana.address,
    budgetWei: wei(TOKEN),
    pricePerMicroBatchWei: wei(1n),
    deadline: (await chainTime(chain)) + 60,
    challengeWindowSeconds: 0,
    quorum: 0,
    salt: hash(`0x${'5a'.repeat(32)}`),
  };
  const first = await openJob(chain, parameters);
  const again = await openJob(chain, { ...parameters, budgetWei: wei(5n * TOKEN) });
  expect([first.opened, again.opened]).toEqual([true, false]);
  expect(again).toMatchObject({ jobId: first.jobId, terms: { budgetWei: TOKEN } });
});
