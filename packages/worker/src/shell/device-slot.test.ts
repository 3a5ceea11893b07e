import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ResolvedJob } from '@murmuration/protocol/job';
import type { Device } from '../compute/device.ts';
import { DeviceThreadError } from '../compute/errors.ts';
import { tinyJob } from '../testing/tiny-job.ts';
import { DeviceSlot } from './device-slot.ts';

let folder = '';
let job: ResolvedJob;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'murmuration-slot-'));
  job = tinyJob(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Settled when devices may open. */
let gate = Promise.withResolvers<void>();
let asked = Promise.withResolvers<void>();
let opened = 0;
let closed = 0;
let slot: DeviceSlot;
beforeEach(() => {
  gate = Promise.withResolvers<void>();
  asked = Promise.withResolvers<void>();
  [opened, closed] = [0, 0];
  slot = new DeviceSlot({
    report: () => undefined,
    host: {
      canFallBack: true,
      openDevice: async () => {
        opened += 1;
        asked.resolve();
        await gate.promise;
        return {
          description: { name: 'fake', adapter: null, threads: 1, reason: '' },
          compile: async () => ({ close: async () => undefined }),
          close: async () => void (closed += 1),
        } as unknown as Device;
      },
    },
  });
});

describe('a device slot that is closed', () => {
  it('opens no other device for work that was under way', async () => {
    gate.resolve();
    const { executable } = await slot.prepare(job);
    await slot.close();
    expect(await executable.recover(new DeviceThreadError({ why: 'it was closed' }))).toBe(false);
    expect({ opened, closed }).toEqual({ opened: 1, closed: 1 });
  });

  it('closes a device that comes too late, and opens none instead', async () => {
    const prepared = slot.prepare(job);
    await asked.promise;
    await slot.close();
    gate.resolve();
    await expect(prepared).rejects.toThrow(DeviceThreadError);
    expect({ opened, closed }).toEqual({ opened: 1, closed: 1 });
  });

  it('opens none for a job that is stated afterwards', async () => {
    await slot.close();
    await expect(slot.prepare(job)).rejects.toThrow(DeviceThreadError);
    expect(opened).toBe(0);
  });
});
