/** Browser tabs as full workers: they train, agree to the bit, are paid, and speak to each other directly where they can. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { devnetBalances } from './support/balances.ts';
import { TestBrowser } from './support/browser.ts';
import type { JobOverrides } from './support/jobs.ts';
import { appliedHashes, journalFacts } from './support/journal.ts';
import { expectExactlyOnce } from './support/microbatches.ts';
import { finished, workerOf } from './support/runs.ts';
import { TestRun } from './support/start.ts';
import { TabVolunteer } from './support/tabs.ts';

let browser: TestBrowser;
beforeAll(async () => void (browser = await TestBrowser.launch()));
afterAll(async () => await browser[Symbol.asyncDispose]());

const served = ['--http', '127.0.0.1:0'];
const payouts = ['0x52908400098527886E0F7030069857D2E4169EE7', '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed'];

/** The example's model and data; greater batches, so that fewer rounds are enough. */
function mnistExample(rounds: number): JobOverrides {
  const example = parse(readFileSync(new URL('../../examples/mnist.yaml', import.meta.url), 'utf8')) as JobOverrides;
  return {
    ...example,
    training: {
      ...example.training,
      rounds,
      microBatch: 128,
      globalBatch: 1536,
      optimizer: { type: 'adamw', learningRate: 0.004, weightDecay: 0.01 },
      evaluateEvery: rounds,
      checkpointEvery: rounds,
    },
    workers: { spawn: 1, minimum: 3, backend: 'onnx', threads: 1 },
    network: { failureTimeout: '20s' },
  };
}

/** Of every round: who reported which state hash; all the same, and all members of the run. */
function expectEqualReplicas(directory: string, rounds: number, members: readonly string[]): void {
  const applied = appliedHashes(directory);
  expect([...applied.keys()]).toEqual(Array.from({ length: rounds }, (_, round) => round));
  for (const [round, reports] of applied) {
    expect(new Set(reports.map(([peerId]) => peerId)), `who applied round ${round}`).toEqual(new Set(members));
    expect(new Set(reports.map(([, hash]) => hash)).size, `state hashes of round ${round}`).toBe(1);
  }
}

describe('two tabs and a Node worker', () => {
  it('train MNIST to 97 %, hold the same bits after every round, and the tabs are paid', async () => {
    const rounds = 240;
    await using run = new TestRun(mnistExample(rounds), {}, served);
    const link = await run.joinLink();
    await using first = await TabVolunteer.join(browser, link, { payout: payouts[0]! });
    await using second = await TabVolunteer.join(browser, link, { payout: payouts[1]! });
    const tabs = [first, second];
    for (const tab of tabs) await tab.trains();
    const peerIds = [await first.peerId(), await second.peerId()];
    const result = await finished(run.command);
    const directory = await run.directory();

    expect(result.evalAccuracy).toBeGreaterThanOrEqual(0.97);
    expect(result.workers).toHaveLength(3);
    expectExactlyOnce(directory, rounds);
    expectEqualReplicas(
      directory,
      rounds,
      result.workers.map(({ peerId }) => peerId),
    );

    const paid = peerIds.map((peerId) => workerOf(result, peerId));
    for (const { microBatches, verified } of paid) {
      expect(microBatches).toBeGreaterThan(0);
      expect(verified).toBe(microBatches);
    }
    expect(await devnetBalances(directory, payouts)).toEqual(paid.map(({ paidWei }) => BigInt(paidWei)));
    for (const { verified, paidWei } of paid) expect(BigInt(paidWei)).toBe(BigInt(verified) * 10n ** 16n);
    for (const tab of tabs) expect(await tab.over()).toBe('finished');
    // WebSockets lead to members that listen; everything else is the run's own server.
    for (const { tab } of tabs) expect(tab.foreignRequests(link).filter((url) => !url.startsWith('ws'))).toEqual([]);
    expect(journalFacts(directory).filter(({ type }) => type === 'memberGone')).toEqual([]);
  });
});

/** Counts what leaves the page over WebRTC's data channels. */
const countWebRtc = `
  globalThis.bytesOverWebRtc = 0;
  const { send } = RTCDataChannel.prototype;
  RTCDataChannel.prototype.send = function (data) {
    globalThis.bytesOverWebRtc += data.byteLength ?? data.size ?? data.length;
    return send.call(this, data);
  };
`;

const sentOverWebRtc = async ({ tab }: TabVolunteer): Promise<number> =>
  await tab.page.evaluate(() => (globalThis as { bytesOverWebRtc?: number }).bytesOverWebRtc ?? 0);

/** Of the test jobs' small model, 784 × 32 + 32 + 32 × 10 + 10 numbers. */
const GRADIENT_BYTES = 25_450 * 4;

describe('two tabs', () => {
  it('own buckets and exchange them over WebRTC, with the coordinator as their go-between', async () => {
    const rounds = 20;
    const job = { training: { rounds, assignment: 'fixed', bucketSize: 4096 }, workers: { spawn: 0, minimum: 2 } };
    await using run = new TestRun(job, {}, served);
    const link = await run.joinLink();
    await using first = await TabVolunteer.join(browser, link, { initScript: countWebRtc });
    await using second = await TabVolunteer.join(browser, link, { initScript: countWebRtc });
    const result = await finished(run.command);
    const directory = await run.directory();
    expectExactlyOnce(directory, rounds);
    expectEqualReplicas(
      directory,
      rounds,
      result.workers.map(({ peerId }) => peerId),
    );
    for (const fact of journalFacts(directory).filter(({ type }) => type === 'memberJoined'))
      expect(fact).toMatchObject({ dialable: true, returning: false });
    // Each owns about half of the buckets: it sends the others' parts of its gradient, and its sums to the other.
    for (const volunteer of [first, second])
      expect(await sentOverWebRtc(volunteer)).toBeGreaterThan(rounds * GRADIENT_BYTES * 0.8);
  });

  it('take part as clients where there is no WebRTC', async () => {
    const rounds = 20;
    const job = { training: { rounds, assignment: 'fixed' }, workers: { spawn: 1, minimum: 3 } };
    await using run = new TestRun(job, {}, served);
    const link = await run.joinLink();
    const initScript = 'delete globalThis.RTCPeerConnection';
    await using first = await TabVolunteer.join(browser, link, { initScript });
    await using second = await TabVolunteer.join(browser, link, { initScript });
    const result = await finished(run.command);
    const directory = await run.directory();
    expectExactlyOnce(directory, rounds);
    expectEqualReplicas(
      directory,
      rounds,
      result.workers.map(({ peerId }) => peerId),
    );
    const joined = journalFacts(directory).filter(({ type }) => type === 'memberJoined');
    expect(joined.filter(({ dialable }) => dialable === true)).toHaveLength(1);
    expect(joined.filter(({ dialable }) => dialable === false)).toHaveLength(2);
    for (const volunteer of [first, second]) expect(await volunteer.over()).toBe('finished');
    for (const { microBatches } of result.workers) expect(microBatches).toBe((rounds * 6) / 3);
  });
});
