import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { signPossession, tokenBalance } from '@murmuration/contracts';
import { hash, hex, milliseconds } from '@murmuration/protocol';
import type { SettlementScope } from '@murmuration/protocol';
import type { Registration } from '@murmuration/contracts';
import { party, registrationOf, startTestChain, TOKEN } from '@murmuration/contracts/testing';
import type { Party, TestChain } from '@murmuration/contracts/testing';
import { deny, deployDenyingToken } from '@murmuration/contracts/testing-token';
import { Settlement } from './settlement.ts';
import { epochOf, optionsOn } from './testing.ts';

const [ana, ben, mallory] = [party('ana'), party('ben'), party('mallory')];

const ends: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

async function startChain(...parameters: Parameters<typeof startTestChain>): Promise<TestChain> {
  const test = await startTestChain(...parameters);
  ends.push(() => test.end());
  return test;
}

function optionsFor({ chain, devnet }: TestChain): ReturnType<typeof optionsOn> {
  const options = optionsOn(chain, devnet.engineerKey);
  ends.push(options.end);
  return options;
}

async function open(options: Parameters<typeof Settlement.open>[0]): Promise<Settlement> {
  const settlement = await Settlement.open(options);
  ends.push(() => settlement.close());
  return settlement;
}

const registrationAt = ({ chainId, registry: contract }: Settlement['registration'], worker: Party): Registration => {
  const payout = party(`${worker.peerId} payout`).address;
  return {
    peerId: worker.peerId,
    payout,
    possession: signPossession(worker.secretKey, { chainId, contract }, { payout }),
  };
};

const note = (settlement: Settlement, worker: Party, registration: Registration): void =>
  settlement.note(worker.address, registration);

/** The same signature to a library that normalises it, none to a contract. */
const respelt = (registration: Registration): Registration => {
  const { possession } = registration;
  const v = Number.parseInt(possession.slice(-2), 16) - 27;
  return { ...registration, possession: hex(`${possession.slice(0, -2)}0${v}`) };
};

it('pays the others where one payout is refused by the token, closes the job, and tells who was left out', async () => {
  const test = await startChain(deployDenyingToken);
  const options = optionsFor(test);
  const settlement = await open(options);
  for (const worker of [ana, ben, mallory]) note(settlement, worker, registrationOf(test.chain, worker));
  await deny(test.chain, registrationOf(test.chain, mallory).payout);

  const settle = epochOf(
    settlement,
    0,
    [
      [ana, 1n],
      [mallory, 2n],
      [ben, 3n],
    ],
    [ana],
  );
  const { paidWei } = await settlement.settle(settle);
  expect(paidWei).toEqual({
    [ana.address]: TOKEN.toString(),
    [mallory.address]: '0',
    [ben.address]: (3n * TOKEN).toString(),
  });
  expect(await settlement.finish(settle)).toBeNull();
  expect(await settlement.totals()).toEqual({
    depositedWei: (100n * TOKEN).toString(),
    paidWei: (4n * TOKEN).toString(),
    refundedWei: (94n * TOKEN).toString(),
  });
  expect(options.lines.filter((line) => line.startsWith(mallory.address))).toHaveLength(2);
});

it("pays what has matured with each epoch, on a clock that is everybody's", async () => {
  const test = await startChain();
  const options = optionsFor(test);
  const settlement = await open({
    ...options,
    payment: { ...options.payment, challengeWindow: milliseconds(3_600_000) },
  });
  for (const worker of [ana, ben]) note(settlement, worker, registrationOf(test.chain, worker));
  const settle = (epoch: number, tokens: bigint) =>
    settlement.settle(
      epochOf(
        settlement,
        epoch,
        [
          [ana, tokens],
          [ben, 2n * tokens],
        ],
        [ana],
      ),
    );
  const paid = (tokens: bigint) => ({
    [ana.address]: (tokens * TOKEN).toString(),
    [ben.address]: (2n * tokens * TOKEN).toString(),
  });
  expect((await settle(0, 1n)).paidWei).toEqual(paid(0n));
  await test.devnet.advanceTime(1800);
  expect((await settle(1, 2n)).paidWei).toEqual(paid(0n));
  await test.devnet.advanceTime(1900);
  expect((await settle(2, 3n)).paidWei).toEqual(paid(1n));
  await test.devnet.advanceTime(3600);
  expect((await settle(3, 4n)).paidWei).toEqual(paid(3n));
});

it("settles for the others where a journal of before holds a worker's proof that the registry refuses", async () => {
  const test = await startChain();
  const settlement = await open(optionsFor(test));
  for (const worker of [ana, ben]) note(settlement, worker, registrationOf(test.chain, worker));
  note(settlement, mallory, respelt(registrationOf(test.chain, mallory)));
  const earned = [
    [ana, 1n],
    [mallory, 2n],
    [ben, 3n],
  ] as const;
  const settle = epochOf(settlement, 0, earned, [mallory, ben]);
  const { paidWei } = await settlement.settle(settle);
  expect(paidWei).toMatchObject({ [ana.address]: TOKEN.toString(), [mallory.address]: '0' });
  expect(await settlement.finish(settle)).toBeNull();
});

/** A run with a chain of its own, whose epochs can be disputed for 30 days. */
const devnetOptions = (directory: string) =>
  ({
    payment: {
      type: 'devnet',
      budget: (100n * TOKEN).toString(),
      pricePerMicroBatch: TOKEN.toString(),
      challengeWindow: milliseconds(30 * 24 * 3_600_000),
      epochRounds: 1,
    },
    salt: hash(`0x${'5a'.repeat(32)}`),
    coordinatorKey: party('coordinator').secretKey,
    quorum: 0,
    jobDirectory: directory,
    log: () => undefined,
  }) as const;

it('a devnet, whose clock is moved on with each epoch, takes epochs for longer than a run on a public chain may last', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'murmuration-settlement-'));
  ends.push(() => rmSync(directory, { recursive: true, force: true }));
  const settlement = await open({ ...devnetOptions(directory), devnetDirectory: join(directory, 'devnet') });
  note(settlement, ana, registrationAt(settlement.registration, ana));
  for (const [epoch, tokens] of [1n, 2n, 3n, 4n, 5n].entries()) {
    const { paidWei } = await settlement.settle(epochOf(settlement, epoch, [[ana, tokens]], []));
    expect(paidWei).toEqual({ [ana.address]: (tokens * TOKEN).toString() });
  }
});

it('an epoch that is settled on a devnet is on disk, whatever ends the processes then', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'murmuration-settlement-'));
  ends.push(() => rmSync(directory, { recursive: true, force: true }));
  const options = devnetOptions(directory);
  const settlement = await open({ ...options, devnetDirectory: join(directory, 'devnet') });
  note(settlement, ana, registrationAt(settlement.registration, ana));
  const settle = epochOf(settlement, 0, [[ana, 1n]], []);
  const { paidWei } = await settlement.settle(settle);
  // What a machine finds whose processes were all killed at this moment.
  cpSync(join(directory, 'devnet'), join(directory, 'found'), { recursive: true });
  const found = await open({ ...options, devnetDirectory: join(directory, 'found'), before: settlement.scope });
  expect(paidWei).toEqual({ [ana.address]: TOKEN.toString() });
  expect(await found.paid(settle)).toEqual(paidWei);
  expect(await found.settle(settle)).toEqual({ transaction: 'posted before a restart', paidWei });
});

describe('a deposit is made once', () => {
  /** Whoever is refused has sent nothing. */
  async function refusedToOpen(
    { chain }: TestChain,
    options: Parameters<typeof Settlement.open>[0],
    differing: string,
  ) {
    const sent = await chain.provider.getBlockNumber();
    await expect(Settlement.open(options)).rejects.toMatchObject({ code: 'SETTLEMENT_CHANGED', differing });
    expect(await chain.provider.getBlockNumber()).toBe(sent);
  }

  it('whoever pays, wherever: a run that goes on with another key or other contracts is refused', async () => {
    const test = await startChain();
    const options = optionsFor(test);
    const { scope } = await open(options);
    expect((await open({ ...options, before: scope })).scope).toEqual(scope);

    const other = optionsOn(test.chain, party('another payer').secretKey);
    ends.push(other.end);
    await refusedToOpen(test, { ...other, before: scope }, 'jobId');
    await refusedToOpen(test, { ...options, before: { ...scope, settlement: ana.address } }, 'settlement');
    await refusedToOpen(test, { ...options, before: { ...scope, chainId: 1 } }, 'chainId');
  });

  it('when one that was sent before is mined first', async () => {
    const test = await startChain();
    const options = optionsFor(test);
    const { chain } = test;
    const before = await tokenBalance(chain, chain.address);
    const marks: SettlementScope[] = [];
    await chain.provider.send('evm_setAutomine', [false]);
    const depositing = (scope: SettlementScope): void => void marks.push(scope);
    const nonce = await chain.provider.getTransactionCount(chain.address);
    const sent = async (transactions: number): Promise<void> => {
      while ((await chain.provider.getTransactionCount(chain.address, 'pending')) < nonce + transactions);
    };
    const first = open({ ...options, depositing });
    await sent(2);
    const second = open({ ...options, depositing });
    await sent(4);
    await chain.provider.send('evm_mine', []);
    const { scope } = await first;
    expect((await second).scope).toEqual(scope);
    expect(marks).toEqual([scope, scope]);
    expect(await tokenBalance(chain, chain.address)).toBe(before - 100n * TOKEN);
  });
});
