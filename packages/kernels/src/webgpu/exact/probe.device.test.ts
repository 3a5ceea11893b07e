/** The conformance probe on this machine's adapter as it is, and as if it contracted. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Backend } from '../../backend/backend.ts';
import { drawBatch, modelCases } from '../../backend/conformance-programs.ts';
import { withExecutable } from '../../backend/conformance-steps.ts';
import { createExactBackend } from '../../exact-backend/backend.ts';
import { buildStepProgram } from '../../models/build-step-program.ts';
import { initialParameters } from '../../models/parameters.ts';
import { openWebGpuBackend } from '../backend.ts';
import { openGpu } from '../node/open-gpu.ts';
import {
  contracting,
  contractingThroughBarriers,
  type ShaderTransform,
  withShaders,
} from './emulated-adapter.testing.ts';

let backend: Backend;
afterEach(() => backend.close());

async function opened(transform: ShaderTransform = (code) => code): Promise<Backend> {
  backend = await openWebGpuBackend(withShaders(await openGpu(), transform), { numerics: 'exact' });
  return backend;
}

const { spec, batch } = modelCases['mlp with relu']!;
const program = buildStepProgram(spec, batch);

/** The fixed-point gradient of one micro-batch. */
const gradientOn = (on: Backend): Promise<BigInt64Array> =>
  withExecutable(on, program, async (executable) => {
    await executable.load(initialParameters(spec, 1));
    await executable.accumulate(drawBatch(program, spec, 1));
    const sums = new BigInt64Array(program.layout.size);
    await executable.drainFixed!(sums);
    return sums;
  });

const oracle = createExactBackend({ name: 'one thread', threads: 1, spawn: null });

describe('an adapter', () => {
  it('that rounds every operation is exact', async () => {
    const { adapter } = await opened();
    expect(adapter).toMatchObject({ class: 'exact', probe: { verdict: 'exact', wrong: 0 } });
    expect(adapter.probe!.values).toBeGreaterThan(2000);
  });

  it('that contracts is exact behind the barrier, and the probe says what gave it away', async () => {
    const { adapter } = await opened(contracting);
    expect(adapter).toMatchObject({
      class: 'exact',
      // Two products that cancel: what is left is what was rounded off the first.
      probe: { verdict: 'exact with barrier', counterexample: { output: 'the whole product' } },
    });
    expect(adapter.probe!.wrong).toBeGreaterThan(100);
    expect(await gradientOn(backend)).toEqual(await gradientOn(oracle));
  });

  it('that contracts through the barrier is in the tolerance class, and says so', async () => {
    const { adapter } = await opened(contractingThroughBarriers);
    expect(adapter).toMatchObject({ class: 'tolerance', probe: { verdict: 'tolerance' } });
    const { counterexample } = adapter.probe!;
    expect(counterexample!.actual).not.toBe(counterexample!.expected);
    expect(await gradientOn(backend)).not.toEqual(await gradientOn(oracle));
  });
});

describe('a gradient that does not fit', () => {
  it('is an error that names the parameter, once; the sums are empty afterwards', async () => {
    await withExecutable(await opened(), program, async (executable) => {
      await executable.load(initialParameters(spec, 1));
      const data = drawBatch(program, spec, 1);
      await executable.accumulate({ ...data, x: data['x']!.map((value) => value * 1e9) });
      const into = new Float32Array(program.layout.size);
      await expect(executable.drain(into, 1)).rejects.toMatchObject({
        code: 'GRADIENT_OVERFLOW',
        parameter: program.layout.slots[0]!.name,
      });
      await executable.drain(into, 1);
      expect(into.every((value) => value === 0)).toBe(true);
    });
  });
});
