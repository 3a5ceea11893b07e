/** The WebGPU backend on a given entry point: `navigator.gpu` in a browser, Dawn's in Node. */
import type { Backend, Numerics } from '../backend/backend.ts';
import { ops } from '../ops/index.ts';
import type { AdapterDescription, PowerPreference } from './adapter.ts';
import { type Arithmetic, exactArithmetic, fastArithmetic } from './arithmetic.ts';
import { Device } from './device.ts';
import { probeDevice } from './exact/probe.ts';
import { compileProgram } from './executable.ts';

export interface WebGpuOptions {
  readonly powerPreference?: PowerPreference;
  /** `fast` unless given. */
  readonly numerics?: Numerics;
}

/**
 * Opens the best adapter of `gpu`. Keep `gpu` referenced for as long as the backend lives.
 * @throws AdapterNotFoundError
 */
export async function openWebGpuBackend(gpu: GPU, options: WebGpuOptions = {}): Promise<Backend> {
  return (await openDeviceBackend(gpu, options)).backend;
}

/** The backend with all that is known of its adapter. */
export async function openDeviceBackend(
  gpu: GPU,
  { powerPreference, numerics = 'fast' }: WebGpuOptions,
): Promise<{ backend: Backend; adapter: AdapterDescription }> {
  const device = await Device.open(gpu, powerPreference);
  const { arithmetic, adapter } = numerics === 'exact' ? await openExact(device) : openFast(device);
  const { name, kind, class: exactness, probe } = adapter;
  const backend: Backend = {
    name: 'webgpu',
    adapter: { name, kind, class: exactness, ...(probe && { probe }) },
    compile: (program, options) => compileProgram(device, program, arithmetic, options),
    close: async () => device.close(),
  };
  return { backend, adapter };
}

interface Opened {
  readonly arithmetic: Arithmetic;
  readonly adapter: AdapterDescription;
}

const openFast = ({ traits, adapter }: Device): Opened => ({ arithmetic: fastArithmetic({ ops, traits }), adapter });

/** Probes the device: its class is what it was found to be. */
async function openExact(device: Device): Promise<Opened> {
  const { report, rounding } = await probeDevice(device);
  const exactness = report.verdict === 'tolerance' ? 'tolerance' : 'exact';
  return {
    arithmetic: exactArithmetic({ ops, traits: device.traits, rounding }),
    adapter: { ...device.adapter, class: exactness, probe: report },
  };
}
