/**
 * Compiles what a driver would compile later. A CPU that plays a GPU makes machine code of a kernel when it is first
 * launched, half a second each; so every kernel is launched here once over no workgroups at all, and told of one by one.
 */
import type { CompileProgress } from '../backend/backend.ts';
import type { Device } from './device.ts';
import type { Launch, Recording } from './recording.ts';

export async function warmUp(
  device: Device,
  recordings: readonly Recording[],
  onProgress: (progress: CompileProgress) => void = () => undefined,
): Promise<void> {
  const launches = new Map<string, Launch>();
  for (const launch of recordings.flatMap((recording) => recording.launches)) launches.set(launch.key, launch);
  const total = launches.size;
  if (!device.traits.software) {
    onProgress({ done: total, total });
    return;
  }
  const usage = GPUBufferUsage.INDIRECT | GPUBufferUsage.COPY_DST;
  const nothing = device.buffer('no workgroups', 12, usage);
  try {
    let done = 0;
    for (const launch of launches.values()) {
      onProgress({ done: done++, total });
      device.submit((encoder) => {
        const pass = encoder.beginComputePass();
        launch.record(pass, nothing);
        pass.end();
      });
      await device.idle();
    }
    onProgress({ done, total });
  } finally {
    device.release(nothing);
  }
}
