/**
 * Every op of the conformance table with kernels that are not the device's own choice, against the float64 interpreter.
 * (Its own choice is what the backend's suite runs.)
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConformanceCase, conformanceCases, instantiate } from '../ops/conformance.ts';
import { Device } from './device.ts';
import type { DeviceTraits } from './lowering.ts';
import { openGpu } from './node/open-gpu.ts';
import { runGraph } from './run-graph.ts';

/** f32 arithmetic over sums of up to about a thousand terms, built-in exp and tanh included. */
const TOLERANCE = 2e-5;

let device: Device;
beforeAll(async () => {
  device = await Device.open(await openGpu());
});
afterAll(() => device.close());

/** What the kernels for other adapters are chosen by; they run on any. */
const plainGpu: DeviceTraits = { subgroups: false, subgroupSize: 0, software: false, maxScratchBytes: 0 };

describe('every op computes what its float64 reference does, with the kernels for a GPU without subgroups and with little memory', () => {
  it.each(conformanceCases)('$name', async (conformanceCase) => {
    expect(await errorOf(conformanceCase, plainGpu)).toBeLessThan(TOLERANCE);
  });
});

/** The largest error of an element, relative to the largest element; infinite where sizes differ. */
async function errorOf(conformanceCase: ConformanceCase, traits: DeviceTraits): Promise<number> {
  const { graph, feeds, expected } = instantiate(conformanceCase);
  const [actual] = await runGraph(device, graph, feeds, traits);
  if (actual?.length !== expected.length) return Infinity;
  const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6);
  return expected.reduce((most, value, index) => Math.max(most, Math.abs(value - actual[index]!)), 0) / scale;
}
