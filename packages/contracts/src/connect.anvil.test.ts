import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { wei } from '@murmuration/protocol';
import { connectAccount, connectChain } from './connect.ts';
import { deploy } from './deploy.ts';
import { escrowTotals, tokenBalance } from './escrow-totals.ts';
import { openJob } from './open-job.ts';
import { registerWorkers } from './register-workers.ts';
import { sendBatch } from './send.ts';
import { openTestJob, party, registrationOf, startTestChain, TOKEN, type TestChain } from './testing.ts';

let test: TestChain;
beforeAll(async () => {
  test = await startTestChain();
});
afterAll(() => test.end());

/** A web server that is no chain. */
async function webServer(answer: string): Promise<{ server: Server; rpcUrl: string }> {
  const server = createServer((_request, response) => response.end(answer)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, rpcUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

describe("a chain that can't be used says why", () => {
  const { secretKey } = party('poor');

  it('when nothing listens there, or no chain does', async () => {
    await expect(connectAccount({ rpcUrl: 'http://127.0.0.1:9', secretKey })).rejects.toMatchObject({
      code: 'CHAIN_UNREACHABLE',
    });
    await expect(connectAccount({ rpcUrl: 'http://no-such-host.invalid', secretKey })).rejects.toMatchObject({
      code: 'CHAIN_UNREACHABLE',
    });
    for (const answer of ['<html>', '{}', 'null', '{"result":"0x0"}', '{"result":{"a":1}}']) {
      const { server, rpcUrl } = await webServer(answer);
      await expect(connectAccount({ rpcUrl, secretKey })).rejects.toMatchObject({ code: 'CHAIN_UNREACHABLE', rpcUrl });
      server.close();
    }
  });

  it('without telling the key that the address of an endpoint may hold', async () => {
    const connecting = connectAccount({ rpcUrl: 'http://127.0.0.1:9/v2/s3cret?key=s3cret', secretKey });
    await expect(connecting).rejects.not.toThrow(/s3cret/);
    await expect(connectAccount({ rpcUrl: 'no address', secretKey })).rejects.toMatchObject({
      code: 'CHAIN_UNREACHABLE',
    });
  });

  it('when it does not answer in time', async () => {
    const server = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const rpcUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await expect(connectAccount({ rpcUrl, secretKey, timeoutMs: 50 })).rejects.toMatchObject({
      code: 'CHAIN_UNREACHABLE',
    });
    server.closeAllConnections();
    server.close();
  });

  it('when it is another chain', async () => {
    const { rpcUrl } = test.devnet;
    await expect(connectAccount({ rpcUrl, chainId: 1, secretKey })).rejects.toMatchObject({ code: 'CHAIN_ID_WRONG' });
  });

  it('when a contract is not there', async () => {
    const contracts = { ...test.chain.contracts, escrow: party('nowhere').address };
    const connecting = connectChain({ rpcUrl: test.devnet.rpcUrl, secretKey, contracts });
    await expect(connecting).rejects.toThrow(/no contract at .* \(escrow\)/);
    await expect(connecting).rejects.toMatchObject({ code: 'CONTRACT_MISSING' });
  });

  it('when the account has no coins for gas, or no tokens', async () => {
    const poor = await connectChain({ rpcUrl: test.devnet.rpcUrl, secretKey, contracts: test.chain.contracts });
    await expect(deploy(poor, { supplyWei: wei(1n) })).rejects.toMatchObject({
      code: 'BALANCE_INSUFFICIENT',
      account: poor.address,
    });
    await expect(registerWorkers(poor, [registrationOf(poor, party('eve'))])).rejects.toMatchObject({
      code: 'BALANCE_INSUFFICIENT',
    });
    await expect(openTestJob(poor, 'poor')).rejects.toThrow(/of the token 0x/);
    poor.close();
  });

  it('when the node goes away in the middle', async () => {
    const other = await startTestChain();
    const { jobId } = await openTestJob(other.chain, 'cut off');
    await other.devnet.stop();
    await expect(escrowTotals(other.chain, jobId)).rejects.toMatchObject({ code: 'CHAIN_UNREACHABLE' });
    await expect(openTestJob(other.chain, 'cut off')).rejects.toMatchObject({ code: 'CHAIN_UNREACHABLE' });
    await other.end();
  });
});

describe('batches of transactions', () => {
  const transfer = (to: string) => ({ what: 'send coins', to, data: '0x', gas: 21_000n });

  it('may be sent at once from many places: their nonces follow one another', async () => {
    const { chain } = test;
    const before = await chain.provider.getTransactionCount(chain.address);
    const batches = Array.from({ length: 5 }, () =>
      sendBatch(
        chain,
        Array.from({ length: 20 }, (_, i) => transfer(party(`receiver ${i}`).address)),
      ),
    );
    const receipts = (await Promise.all(batches)).flat();
    expect(receipts.map(({ status }) => status)).toEqual(Array.from({ length: 100 }, () => 1));
    expect(await chain.provider.getTransactionCount(chain.address)).toBe(before + 100);
  });

  it("tell which call was refused and in the contract's words, and leave the account usable", async () => {
    const { chain } = test;
    const past = { deadline: 1 };
    await expect(openTestJob(chain, 'past deadline', past)).rejects.toMatchObject({
      code: 'CONTRACT_REFUSED',
      reason: 'DeadlineInvalid',
    });
    await expect(openTestJob(chain, 'past deadline', past)).rejects.toThrow(
      /refused to open the job: DeadlineInvalid\(1, /,
    );
    expect((await openTestJob(chain, 'after a refusal')).opened).toBe(true);
  });

  it('are refused before they are sent where that can be known', async () => {
    const { chain } = test;
    const before = await chain.provider.getTransactionCount(chain.address);
    const data = `0x${'00'.repeat(4)}`;
    await expect(sendBatch(chain, [{ what: 'do nonsense', to: chain.contracts.escrow, data }])).rejects.toMatchObject({
      reason: 'NoReason',
    });
    expect(await chain.provider.getTransactionCount(chain.address)).toBe(before);
  });
});

it('pays with a token that is there already', async () => {
  const { chain, devnet } = test;
  const contracts = await deploy(chain, { token: chain.contracts.token, supplyWei: wei(0n) });
  expect(contracts.token).toBe(chain.contracts.token);
  const second = await connectChain({ rpcUrl: devnet.rpcUrl, secretKey: devnet.engineerKey, contracts });
  const before = await tokenBalance(second, second.address);
  const { terms } = await openTestJob(second, 'second deployment', { budgetWei: wei(2n * TOKEN) });
  expect(await openJob(second, { ...terms, salt: `0x${'77'.repeat(32)}` as never })).toMatchObject({ opened: true });
  expect(await tokenBalance(second, second.address)).toBe(before - 4n * TOKEN);
  second.close();
});
