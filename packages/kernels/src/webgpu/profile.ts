/**
 * Where a graph's time goes: each launch of a plan timed on its own. With timestamp queries the device's own clock
 * measures, without the copies that a launch may need before it; without, each launch is submitted alone and the host's
 * clock is read around it, which adds a round trip.
 */
import type { Device } from './device.ts';
import type { Recording } from './recording.ts';

export interface LaunchTiming {
  /** The op, or the ops of a fused kernel. */
  readonly label: string;
  /** The first line of the kernel's key. */
  readonly kernel: string;
  readonly workgroups: number;
  readonly micros: number;
}

export interface Profile {
  /** `device`: timestamp queries; `host`: round trips. */
  readonly clock: 'device' | 'host';
  /** In the order in which they run. */
  readonly launches: readonly LaunchTiming[];
}

/** Launches of one kernel together. */
export interface KernelTotal {
  readonly label: string;
  readonly kernel: string;
  readonly launches: number;
  readonly micros: number;
}

/** Most timestamps of one query set. */
const MAX_QUERIES = 4096;

/** Runs the launches of `recording` one by one. */
export async function profileRecording(device: Device, recording: Recording): Promise<Profile> {
  const clock = device.hasTimestamps ? 'device' : 'host';
  const micros = clock === 'device' ? await byTimestamps(device, recording) : await byRoundTrips(device, recording);
  const launches = recording.launches.map(({ label, kernel, workgroups }, index) => ({
    label,
    kernel,
    workgroups,
    micros: micros[index] ?? Number.NaN,
  }));
  return { clock, launches };
}

/** Launches of equal label and kernel added up, the costliest first. */
export function totalByKernel({ launches }: Profile): readonly KernelTotal[] {
  const totals = new Map<string, KernelTotal>();
  for (const { label, kernel, micros } of launches) {
    const key = `${label}\n${kernel}`;
    const before = totals.get(key) ?? { label, kernel, launches: 0, micros: 0 };
    totals.set(key, { ...before, launches: before.launches + 1, micros: before.micros + micros });
  }
  return [...totals.values()].sort((a, b) => b.micros - a.micros);
}

/** Each launch in a pass of its own between two timestamps. */
async function byTimestamps(device: Device, { launches }: Recording): Promise<readonly number[]> {
  const micros: number[] = [];
  for (let from = 0; from < launches.length; from += MAX_QUERIES / 2) {
    const part = launches.slice(from, from + MAX_QUERIES / 2);
    const stamps = await device.timestamps(part.length * 2, (encoder, queries) =>
      part.forEach((launch, index) => {
        launch.prepare?.(encoder);
        const pass = encoder.beginComputePass({
          timestampWrites: {
            querySet: queries,
            beginningOfPassWriteIndex: index * 2,
            endOfPassWriteIndex: index * 2 + 1,
          },
        });
        launch.record(pass);
        pass.end();
      }),
    );
    part.forEach((_, index) => micros.push(Number(stamps[index * 2 + 1]! - stamps[index * 2]!) / 1000));
  }
  return micros;
}

async function byRoundTrips(device: Device, { launches }: Recording): Promise<readonly number[]> {
  const micros: number[] = [];
  for (const launch of launches) {
    const start = performance.now();
    device.submit((encoder) => {
      launch.prepare?.(encoder);
      const pass = encoder.beginComputePass();
      launch.record(pass);
      pass.end();
    });
    await device.idle();
    micros.push((performance.now() - start) * 1000);
  }
  return micros;
}
