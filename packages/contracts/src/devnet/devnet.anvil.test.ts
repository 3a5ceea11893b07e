import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { wei } from '@murmuration/protocol';
import { chainTime, connectAccount, connectChain, withContracts } from '../connect.ts';
import { deploy } from '../deploy.ts';
import { escrowTotals } from '../escrow-totals.ts';
import { openTestJob, SUPPLY, TOKEN } from '../testing.ts';
import { anvilBinary } from './anvil-binary.ts';
import { startDevnet, type Devnet } from './start-devnet.ts';

let stateDirectory: string;
const running: Devnet[] = [];
const start = async (options: { port?: number } = {}): Promise<Devnet> => {
  const devnet = await startDevnet({ stateDirectory, log: () => undefined, ...options });
  running.push(devnet);
  return devnet;
};

beforeEach(() => {
  stateDirectory = mkdtempSync(join(tmpdir(), 'murmuration-devnet-'));
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((devnet) => devnet.stop()));
  rmSync(stateDirectory, { recursive: true, force: true });
});

const accountOn = (devnet: Devnet) =>
  connectAccount({ rpcUrl: devnet.rpcUrl, chainId: devnet.chainId, secretKey: devnet.engineerKey });

describe('a devnet', () => {
  it('goes on from its folder, with its clock, its engineer and its money', async () => {
    const first = await start();
    const account = await accountOn(first);
    const contracts = await deploy(account, { supplyWei: SUPPLY });
    const job = await openTestJob(await withContracts(account, contracts), 'before', { budgetWei: wei(5n * TOKEN) });
    await first.advanceTime(7 * 86_400);
    const time = await chainTime(account);
    await first.stop();

    const second = await start();
    expect(second.engineerKey).toEqual(first.engineerKey);
    const chain = await connectChain({ rpcUrl: second.rpcUrl, secretKey: second.engineerKey, contracts });
    expect(await escrowTotals(chain, job.jobId)).toMatchObject({ depositedWei: 5n * TOKEN });
    expect((await openTestJob(chain, 'before')).opened).toBe(false);
    expect((await openTestJob(chain, 'after')).opened).toBe(true);
    expect(await chainTime(chain)).toBeGreaterThanOrEqual(time);
  });

  it('has on disk what was there at the last save, when it is killed', async () => {
    const first = await start();
    const account = await accountOn(first);
    const contracts = await deploy(account, { supplyWei: SUPPLY });
    await Promise.all([first.save(), first.save()]);
    const saved = readFileSync(join(stateDirectory, 'chain-state.json'));
    expect(JSON.parse(saved.toString())).toHaveProperty('accounts');
    expect(readdirSync(stateDirectory).sort()).toEqual(['chain-state.json', 'engineer.key']);
    await first.stop();
    writeFileSync(join(stateDirectory, 'chain-state.json'), saved);
    const second = await start();
    await expect(withContracts(await accountOn(second), contracts)).resolves.toBeDefined();
  });

  it('keeps its key from other users, and makes another for another chain', async () => {
    await start();
    const file = join(stateDirectory, 'engineer.key');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const other = mkdtempSync(join(tmpdir(), 'murmuration-devnet-'));
    const devnet = await startDevnet({ stateDirectory: other, log: () => undefined });
    await devnet.stop();
    expect(readFileSync(join(other, 'engineer.key'), 'utf8')).not.toBe(readFileSync(file, 'utf8'));
    rmSync(other, { recursive: true, force: true });
  });

  it('stops once, and again', async () => {
    const devnet = await start();
    await devnet.stop();
    await devnet.stop();
    await expect(fetch(devnet.rpcUrl)).rejects.toThrow('fetch failed');
  });
});

describe("a devnet that can't start says why", () => {
  it('when its port is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await expect(start({ port })).rejects.toMatchObject({ code: 'PORT_TAKEN', port });
    server.close();
  });

  it('when its state is damaged', async () => {
    writeFileSync(join(stateDirectory, 'chain-state.json'), '{"block":');
    await expect(start()).rejects.toMatchObject({ code: 'DEVNET_FAILED' });
  });

  it("when its folder can't be made, or its key is none", async () => {
    writeFileSync(join(stateDirectory, 'engineer.key'), 'not a key\n');
    await expect(start()).rejects.toMatchObject({ code: 'DEVNET_FAILED' });
    await expect(
      startDevnet({ stateDirectory: join(stateDirectory, 'engineer.key'), log: () => undefined }),
    ).rejects.toMatchObject({ code: 'DEVNET_FAILED' });
  });

  it('when its program is not installed', () => {
    expect(() => anvilBinary('plan9', 'mips')).toThrow(expect.objectContaining({ code: 'ANVIL_MISSING' }));
  });
});

describe('no orphan', () => {
  /** A process that starts a devnet, says where, and then does nothing more. */
  const parent = (ending: string): string => `
    import { startDevnet } from ${JSON.stringify(new URL('index.ts', import.meta.url).href)};
    const devnet = await startDevnet({ stateDirectory: ${JSON.stringify(stateDirectory)}, log: () => undefined });
    console.log(devnet.rpcUrl);
    ${ending}
  `;
  const run = (ending: string) =>
    spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', '--input-type=module-typescript', '--eval', parent(ending)],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    );

  /** Resolves when nothing answers at `rpcUrl` any more; the test's time limit is the bound. */
  async function gone(rpcUrl: string): Promise<void> {
    for (;;) {
      try {
        await fetch(rpcUrl, { method: 'POST', body: '{}', signal: AbortSignal.timeout(1000) });
      } catch {
        return;
      }
    }
  }

  /** The processes whose command line names the devnet's folder, where the system tells. */
  const leftovers = (): string[] =>
    (existsSync('/proc/self/cmdline') ? readdirSync('/proc') : [])
      .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
      .filter((name) => {
        try {
          return readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(stateDirectory);
        } catch {
          return false;
        }
      });

  it.each([
    ['is killed with SIGKILL', 'setInterval(() => undefined, 1000);', 'SIGKILL'],
    ['is interrupted', 'setInterval(() => undefined, 1000);', 'SIGINT'],
    ['ends without stopping it', '', null],
    ['throws', 'setTimeout(() => { throw new Error("meant"); }, 0);', null],
  ] as const)('is left when the run %s', async (_how, ending, signal) => {
    const child = run(ending);
    const exited = once(child, 'exit');
    const [rpcUrl] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    if (signal !== null) child.kill(signal);
    await exited;
    await gone(rpcUrl);
    while (leftovers().length > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(existsSync(join(stateDirectory, 'chain-state.json'))).toBe(true);
  });

  it('is left when the supervisor itself is killed', async () => {
    const devnet = await start();
    process.kill(devnet.supervisorPid, 'SIGKILL');
    await gone(devnet.rpcUrl);
    await expect(devnet.save()).rejects.toMatchObject({ code: 'DEVNET_FAILED' });
  });
});
