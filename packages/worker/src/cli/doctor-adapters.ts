/** The WebGPU adapters of this machine for `doctor`: their limits and features. */
import type { AdapterDescription } from '@murmuration/kernels/webgpu';

/** Empty where Dawn or a driver is missing: the backend's own finding says what is. */
export async function examineAdapters(): Promise<readonly AdapterDescription[]> {
  try {
    const { listAdapters } = await import('@murmuration/kernels/webgpu-node');
    return await listAdapters();
  } catch {
    return [];
  }
}

const gibibytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

/** What a person wants to know of an adapter, two lines. */
export function adapterSentences({
  name,
  kind,
  subgroupSize: [least, most],
  features,
  limits,
}: AdapterDescription): readonly string[] {
  const subgroups = most === 0 ? 'none' : least === most ? `of ${least}` : `of ${least} to ${most}`;
  const sizes = [
    `buffers to ${gibibytes(limits.maxBufferBytes)}`,
    `bindings to ${gibibytes(limits.maxBindingBytes)}`,
    `${limits.maxWorkgroupBytes / 1024} KiB and ${limits.maxInvocationsPerWorkgroup} lanes a workgroup`,
    `subgroups ${subgroups}`,
  ];
  return [`adapter  ${name} (${kind}): ${sizes.join(', ')}`, `         features: ${features.join(' ') || 'none'}`];
}
