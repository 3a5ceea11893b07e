/** Every op of the conformance table on a real device against the float64 interpreter. */
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

describe('every op computes what its float64 reference does', () => {
  it.each(conformanceCases)('$name', async (conformanceCase) => {
    await expectReference(conformanceCase, device.traits);
  });
});

describe('every op does so with the kernels for a GPU without subgroups and with little memory', () => {
  it.each(conformanceCases)('$name', async (conformanceCase) => {
    await expectReference(conformanceCase, plainGpu);
  });
});

async function expectReference(conformanceCase: ConformanceCase, traits: DeviceTraits): Promise<void> {
  const { graph, feeds, expected } = instantiate(conformanceCase);
  const [actual] = await runGraph(device, graph, feeds, traits);
  expect(actual).toHaveLength(expected.length);
  const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6);
  const worst = expected.reduce((most, value, index) => Math.max(most, Math.abs(value - actual![index]!)), 0);
  expect(worst / scale).toBeLessThan(TOLERANCE);
}
