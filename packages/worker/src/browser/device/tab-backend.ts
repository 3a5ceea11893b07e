/**
 * Which backend computes in a tab. `auto` takes a real GPU as it is. A software adapter is a GPU played by the same CPU that
 * WebAssembly would use, so one step on each decides; where there is no adapter at all, WebAssembly it is.
 */
import {
  type Backend,
  FasterBackend,
  fitForNumerics,
  type Numerics,
  type SelectedBackend,
  withReason,
} from '@murmuration/kernels/backend-core';
import { createExactBackend, spawnWebThread } from '@murmuration/kernels/exact-backend';
import { openWebGpuBackend } from '@murmuration/kernels/webgpu';
import type { DeviceOptions } from '../../compute/device-messages.ts';
import { NoWebGpuError } from './errors.ts';
import { databaseTuning } from './tuning-store.ts';

export interface TabBackendOpeners {
  readonly webgpu: (numerics: Numerics) => Promise<Backend>;
  readonly exact: (threads: number) => Promise<Backend>;
}

/** @throws NoWebGpuError, AdapterNotFoundError where `webgpu` was asked for by name */
export async function openTabBackend(
  { backend, threads, numerics = 'fast', onCpu = false }: DeviceOptions,
  openers: TabBackendOpeners = realOpeners,
): Promise<SelectedBackend> {
  if (onCpu) return withReason(await openers.exact(threads), 'the adapter failed, and WebAssembly takes its place');
  if (backend === 'exact') return withReason(await openers.exact(threads), 'exact was asked for');
  if (backend === 'webgpu') return withReason(await openers.webgpu(numerics), 'webgpu was asked for');
  const gpu = await openers.webgpu(numerics).catch(whyOf);
  if (typeof gpu === 'string') return withReason(await openers.exact(threads), `WebGPU is not available: ${gpu}`);
  const { kind, name } = gpu.adapter;
  if (kind === 'gpu') return withReason(gpu, `${name} is a GPU`);
  return new FasterBackend({ gpu, cpu: await openers.exact(threads), reason: `${name} runs on the CPU, too` });
}

/** What an error says, without its advice: the worker goes on without the adapter. */
function whyOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { mend } = error as { mend?: unknown };
  const text =
    typeof mend === 'string' && error.message.endsWith(mend) ? error.message.slice(0, -mend.length) : error.message;
  return text.replace(/[.\s]+$/, '');
}

const realOpeners: TabBackendOpeners = {
  async webgpu(numerics) {
    const gpu = navigator.gpu as GPU | undefined;
    if (gpu === undefined) throw new NoWebGpuError();
    const tuning = { store: databaseTuning(), mode: 'auto' } as const;
    return fitForNumerics(await openWebGpuBackend(gpu, { numerics, tuning }), numerics);
  },
  async exact(threads) {
    const shared = globalThis.crossOriginIsolated;
    const count = shared ? threads : 1;
    return createExactBackend({
      name: `WebAssembly (${count} ${count === 1 ? 'thread' : 'threads'})`,
      threads: count,
      spawn: spawnWebThread(
        () => new Worker(new URL('./exact-entry.ts', import.meta.url), { type: 'module', name: 'exact' }),
      ),
    });
  },
};
