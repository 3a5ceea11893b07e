/** Who takes part: our backends and their peers, each a process of its own (see `harness/serve-work.ts`). */
import { fileURLToPath } from 'node:url';
import type { LineProcessOptions } from '../harness/line-process.ts';
import { WorkProcess } from '../harness/work-process.ts';
import type { ContenderSettings } from './contender-settings.ts';

export interface ContenderOptions extends ContenderSettings {
  /** Variables under which a process finds the adapter that is measured. */
  readonly environment: Readonly<Record<string, string>>;
  readonly python: string;
}

export type ContenderName =
  | 'murmuration webgpu'
  | 'murmuration webgpu exact'
  | 'murmuration onnx'
  | 'murmuration exact'
  | 'tfjs-webgpu'
  | 'jax-js webgpu'
  | 'jax-js wasm'
  | 'onnxruntime webgpu'
  | 'PyTorch';

interface Entry {
  /** Its program under this folder, and further parameters. */
  readonly program: readonly [string, ...string[]];
  /** Whether it computes on the WebGPU adapter, so that the adapter's ceiling is its ceiling. */
  readonly onAdapter: boolean;
  readonly environment?: Readonly<Record<string, string>>;
}

/**
 * PyTorch's threads spin for long at each barrier by default, which costs it ten times its time as soon as anything else
 * wants a core. Of the settings tried (default, OMP_WAIT_POLICY passive and active, a short spin) this was its best and steadiest.
 */
const SHORT_SPIN = { GOMP_SPINCOUNT: '1000' };

const entries: Readonly<Record<ContenderName, Entry>> = {
  'murmuration webgpu': { program: ['murmuration-webgpu-peer.ts'], onAdapter: true },
  'murmuration webgpu exact': { program: ['murmuration-webgpu-peer.ts', 'exact'], onAdapter: true },
  'murmuration onnx': { program: ['murmuration-onnx-peer.ts'], onAdapter: false },
  'murmuration exact': { program: ['murmuration-exact-peer.ts'], onAdapter: false },
  'tfjs-webgpu': { program: ['tfjs-peer.ts'], onAdapter: true },
  'jax-js webgpu': { program: ['jax-js-peer.ts', 'webgpu'], onAdapter: true },
  'jax-js wasm': { program: ['jax-js-peer.ts', 'wasm'], onAdapter: false },
  'onnxruntime webgpu': { program: ['onnxruntime-webgpu-peer.ts'], onAdapter: true },
  PyTorch: { program: ['pytorch_peer.py'], onAdapter: false, environment: SHORT_SPIN },
};

export const contenderNames = Object.keys(entries) as ContenderName[];
export const isOurs = (name: string): boolean => name.startsWith('murmuration ');
export const isOnAdapter = (name: ContenderName): boolean => entries[name].onAdapter;

const fileOf = (program: string): string => fileURLToPath(new URL(program, import.meta.url));

function commandOf(name: ContenderName, options: ContenderOptions): LineProcessOptions {
  const { environment, python, threads, spin } = options;
  const { environment: own, program: command } = entries[name];
  const [program, ...more] = command;
  const settings = JSON.stringify({ threads, spin } satisfies ContenderSettings);
  const interpreter = program.endsWith('.py')
    ? { command: python, flags: [] }
    : { command: process.execPath, flags: ['--disable-warning=ExperimentalWarning'] };
  return {
    name,
    command: interpreter.command,
    parameters: [...interpreter.flags, fileOf(program), settings, ...more],
    environment: { ...own, ...environment },
    // What drivers and libraries have to say is shown only where somebody debugs.
    quiet: process.env['MURMURATION_DEBUG'] === undefined,
  };
}

/** A contender's process, started when it is first asked. */
export const openContender = (name: ContenderName, options: ContenderOptions): WorkProcess =>
  new WorkProcess(commandOf(name, options));

/** The contenders that `wanted` names, parts of names separated by commas; all where it is undefined. */
export function selectContenders(wanted: string | undefined): readonly ContenderName[] {
  if (wanted === undefined) return contenderNames;
  const parts = wanted.split(',').map((part) => part.trim().toLowerCase());
  const found = contenderNames.filter((name) => parts.some((part) => name.toLowerCase().includes(part)));
  if (found.length > 0) return found;
  throw new Error(`No contender is called ${wanted}. Name some of: ${contenderNames.join(', ')}.`);
}
