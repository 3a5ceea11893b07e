/** A budget on a chain of the engineer's own is deposited once, whatever happens while the job is opened. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { tokenBalance } from '@murmuration/contracts';
import { startTestChain, TOKEN } from '@murmuration/contracts/testing';
import type { TestChain } from '@murmuration/contracts/testing';
import { orchestrate } from './support/cli.ts';
import { Workspace } from './support/jobs.ts';
import { MARKER, processesMarked } from './support/processes.ts';
import { RpcProxy } from './support/rpc-proxy.ts';
import { finished } from './support/runs.ts';

/** A job that pays on the test's chain, which it reaches through the proxy. */
const paidOn = ({ chainId, contracts }: TestChain['chain'], { url }: RpcProxy) => ({
  payment: {
    type: 'chain',
    rpcUrl: url,
    chainId,
    contracts,
    keyEnv: 'TEST_KEY',
    budget: 100,
    pricePerMicroBatch: 0.01,
    challengeWindow: '1s',
    epochRounds: 10,
  },
});

it('a chain that fails once the deposit is sent leaves a run to resume, which finds it', async () => {
  const test = await startTestChain();
  const { chain, devnet } = test;
  const marker = crypto.randomUUID();
  using workspace = new Workspace();
  await using proxy = await RpcProxy.to(devnet.rpcUrl);
  try {
    const before = await tokenBalance(chain, chain.address);
    const job = workspace.job(paidOn(chain, proxy));
    const env = { [MARKER]: marker, TEST_KEY: Buffer.from(devnet.engineerKey).toString('hex') };
    proxy.fails = (body) => body.includes('eth_getTransactionReceipt');
    const run = orchestrate(['run', job, '--directory', workspace.directory, '--json'], { env });
    expect((await run.exited).code, run.transcript).toBe(1);
    const { directory } = (await run.event('run.started')) as unknown as { directory: string };
    const error = await run.event('error');
    expect(error).toMatchObject({ code: 'DEPOSIT_PENDING' });
    expect(error['message']).toContain(`orchestrate resume ${directory}`);
    expect(readdirSync(join(directory, 'keys'))).toContain('coordinator.key');
    expect(await tokenBalance(chain, chain.address)).toBe(before - 100n * TOKEN);

    proxy.fails = () => false;
    const result = await finished(orchestrate(['resume', directory, '--json'], { env }));
    const { depositedWei, paidWei, refundedWei } = result.escrow;
    expect(BigInt(depositedWei)).toBe(100n * TOKEN);
    expect(BigInt(paidWei) + BigInt(refundedWei)).toBe(100n * TOKEN);
    expect(BigInt(paidWei)).toBeGreaterThan(0n);
    expect(await tokenBalance(chain, chain.address)).toBe(before - BigInt(paidWei));
    expect(processesMarked(marker), 'left running').toEqual([]);
  } finally {
    await test.end();
  }
});

it('a chain that fails before anything is sent leaves nothing', async () => {
  const test = await startTestChain();
  const { chain, devnet } = test;
  using workspace = new Workspace();
  await using proxy = await RpcProxy.to(devnet.rpcUrl);
  try {
    const job = workspace.job(paidOn(chain, proxy));
    proxy.fails = (body) => body.includes('eth_estimateGas');
    const env = { TEST_KEY: Buffer.from(devnet.engineerKey).toString('hex') };
    const run = orchestrate(['run', job, '--directory', workspace.directory, '--json'], { env });
    expect((await run.exited).code, run.transcript).toBe(2);
    const { directory } = (await run.event('run.started')) as unknown as { directory: string };
    expect(existsSync(directory)).toBe(false);
  } finally {
    await test.end();
  }
});
