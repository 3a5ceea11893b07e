/** What an adapter is: a real GPU or a CPU that plays one, its limits, and the device that is asked of it. */
import type { AdapterInfo } from '../backend/backend.ts';
import { AdapterNotFoundError, DeviceValidationError } from './errors.ts';
import type { DeviceTraits } from './lowering.ts';

/** An adapter as `orchestrate doctor` shows it. */
export interface AdapterDescription extends AdapterInfo {
  readonly kind: 'gpu' | 'software';
  readonly vendor: string;
  readonly architecture: string;
  readonly description: string;
  /** Lanes a subgroup, least and most; zeros where subgroups are not supported. */
  readonly subgroupSize: readonly [number, number];
  readonly features: readonly string[];
  /** The limits that decide which jobs fit. */
  readonly limits: {
    readonly maxBufferBytes: number;
    readonly maxBindingBytes: number;
    readonly maxWorkgroupBytes: number;
    readonly maxInvocationsPerWorkgroup: number;
  };
}

/** Names under which CPU implementations of GPU interfaces report themselves. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|softpipe|\bwarp\b|microsoft basic render/i;

/** Reads an adapter's description; nothing is opened. */
export function describeAdapter(adapter: GPUAdapter): AdapterDescription {
  const { info, limits, features } = adapter;
  const { vendor, architecture, device, description } = info;
  const words = [vendor, architecture, device, description].join(' ');
  const software = SOFTWARE.test(words) || info.isFallbackAdapter;
  return {
    name: description || device || `${vendor} ${architecture}`.trim() || 'unnamed adapter',
    kind: software ? 'software' : 'gpu',
    // Kernels may contract and reorder sums as the driver likes.
    class: 'tolerance',
    vendor,
    architecture,
    description,
    subgroupSize: features.has('subgroups') ? [info.subgroupMinSize ?? 0, info.subgroupMaxSize ?? 0] : [0, 0],
    features: [...features].sort(),
    limits: {
      maxBufferBytes: limits.maxBufferSize,
      maxBindingBytes: limits.maxStorageBufferBindingSize,
      maxWorkgroupBytes: limits.maxComputeWorkgroupStorageSize,
      maxInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
    },
  };
}

/** Temporaries that hold an operand several times over stop being worth their memory somewhere. */
const MAX_SCRATCH_BYTES = 256 * 2 ** 20;

/** Lanes of a subgroup from which on lavapipe is assumed; SwiftShader, whose loads cost little, has 4. */
const WIDE_SUBGROUP = 8;

/** What kernels may use on a described adapter, where WGSL can read storage textures or can't. */
export function traitsOf(
  { kind, subgroupSize: [least, most], limits }: AdapterDescription,
  { readsTextures = false } = {},
): DeviceTraits {
  const fixed = least === most && least >= 4;
  return {
    prefersTextures: readsTextures && kind === 'software' && fixed && least >= WIDE_SUBGROUP,
    subgroups: fixed,
    subgroupSize: fixed ? least : 0,
    software: kind === 'software',
    maxScratchBytes: Math.min(limits.maxBindingBytes, MAX_SCRATCH_BYTES),
    maxBindingBytes: limits.maxBindingBytes,
  };
}

/** On a machine with two GPUs: the strong one (the default) or the one that spares the battery. */
export type PowerPreference = 'high-performance' | 'low-power';

/** The best adapter of `gpu`. @throws AdapterNotFoundError */
export async function findAdapter(
  gpu: GPU,
  powerPreference: PowerPreference = 'high-performance',
): Promise<GPUAdapter> {
  const adapter = await gpu.requestAdapter({ powerPreference }).catch((cause: unknown) => {
    throw new AdapterNotFoundError({ cause });
  });
  if (adapter === null) throw new AdapterNotFoundError();
  return adapter;
}

/** All adapters that `gpu` offers; none where there is no driver. */
export async function describeAdapters(gpu: GPU): Promise<readonly AdapterDescription[]> {
  const wishes: GPURequestAdapterOptions[] = [
    { powerPreference: 'high-performance' },
    { powerPreference: 'low-power' },
    { forceFallbackAdapter: true },
  ];
  const found = new Map<string, AdapterDescription>();
  for (const wish of wishes) {
    const adapter = await gpu.requestAdapter(wish).catch(() => null);
    if (adapter === null) continue;
    const description = describeAdapter(adapter);
    found.set(`${description.vendor} ${description.name}`, description);
  }
  return [...found.values()];
}

/** Opens a device with the adapter's own sizes of buffers and bindings, and subgroups where kernels can use them. */
export async function openDevice(adapter: GPUAdapter, traits: DeviceTraits): Promise<GPUDevice> {
  const { maxBufferSize, maxStorageBufferBindingSize, maxStorageBuffersPerShaderStage } = adapter.limits;
  const wanted: GPUFeatureName[] = traits.subgroups ? ['subgroups', 'timestamp-query'] : ['timestamp-query'];
  try {
    return await adapter.requestDevice({
      requiredFeatures: wanted.filter((feature) => adapter.features.has(feature)),
      requiredLimits: { maxBufferSize, maxStorageBufferBindingSize, maxStorageBuffersPerShaderStage },
    });
  } catch (cause) {
    throw new DeviceValidationError({ what: 'to open', complaint: String(cause), cause });
  }
}
