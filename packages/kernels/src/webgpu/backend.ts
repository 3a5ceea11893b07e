/** The WebGPU backend on a given entry point: `navigator.gpu` in a browser, Dawn's in Node. */
import type { Backend, Numerics } from '../backend/backend.ts';
import type { StepProgram } from '../graph/step-program.ts';
import { ops } from '../ops/index.ts';
import type { AdapterDescription, PowerPreference } from './adapter.ts';
import { type Arithmetic, exactArithmetic, fastArithmetic } from './arithmetic.ts';
import { Device } from './device.ts';
import { probeDevice } from './exact/probe.ts';
import { compileProgram } from './executable.ts';
import type { DeviceTraits } from './lowering.ts';
import { tunedArithmetic } from './tuning/tuned-arithmetic.ts';
import { Tuner, type TuningMode, type TuningStore } from './tuning/tuner.ts';

/** Where measured choices are kept and whether to measure; rules choose where it isn't given. */
export interface Tuning {
  readonly store: TuningStore;
  readonly mode: TuningMode;
}

export interface WebGpuOptions {
  readonly powerPreference?: PowerPreference;
  /** `fast` unless given. */
  readonly numerics?: Numerics;
  readonly tuning?: Tuning;
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
  { powerPreference, numerics = 'fast', tuning }: WebGpuOptions,
): Promise<{ backend: Backend; adapter: AdapterDescription }> {
  const device = await Device.open(gpu, powerPreference);
  const { arithmeticWith, adapter } = await arithmeticOf(device, numerics);
  const tuner = tuning ? await Tuner.open(device, tuning.store, tuning.mode) : null;
  const arithmeticFor = async (program: StepProgram): Promise<Arithmetic> =>
    tuner ? tunedArithmetic(tuner, program, device.traits, arithmeticWith) : arithmeticWith(device.traits);
  const { name, kind, class: exactness, probe } = adapter;
  const backend: Backend = {
    name: 'webgpu',
    adapter: { name, kind, class: exactness, ...(probe && { probe }) },
    compile: async (program, options) => compileProgram(device, program, await arithmeticFor(program), options),
    close: async () => device.close(),
  };
  return { backend, adapter };
}

/** How `device` computes in these numerics, and what is known of its adapter then. */
export const arithmeticOf = async (device: Device, numerics: Numerics): Promise<Opened> =>
  numerics === 'exact' ? openExact(device) : openFast(device);

interface Opened {
  readonly arithmeticWith: (traits: DeviceTraits) => Arithmetic;
  readonly adapter: AdapterDescription;
}

const openFast = ({ adapter }: Device): Opened => ({
  arithmeticWith: (traits) => fastArithmetic({ ops, traits }),
  adapter,
});

/** Probes the device: its class is what it was found to be. */
async function openExact(device: Device): Promise<Opened> {
  const { report, rounding } = await probeDevice(device);
  const exactness = report.verdict === 'tolerance' ? 'tolerance' : 'exact';
  return {
    arithmeticWith: (traits) => exactArithmetic({ ops, traits, rounding }),
    adapter: { ...device.adapter, class: exactness, probe: report },
  };
}
