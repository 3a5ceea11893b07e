/** The models of another tool on the GPU: the losses are that tool's. */
import { describe, expect, it } from 'vitest';
import { createWebGpuBackend } from '../webgpu/node/create-backend.ts';
import { fixtureNames, fixtureResult } from './testing/fixtures.ts';
import { trainFixture } from './testing/train-fixture.ts';

describe.each(fixtureNames)('%s', (name) => {
  it('trains to the losses of PyTorch on WebGPU', async () => {
    const { losses } = await trainFixture(name, await createWebGpuBackend(), 10);
    const expected = fixtureResult(name).losses;
    losses.forEach((loss, step) => expect(Math.abs(loss - expected[step]!), `step ${step}`).toBeLessThan(1e-3));
  });
});
