/**
 * Whole trainings in exact arithmetic: on this machine's adapter with three tile shapes, and on the backend `exact`, the
 * gradient of every step has the same bits; the interpreter, which is slow, says what they are for the first steps.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Executable } from '../../backend/backend.ts';
import { drawBatch, type ModelCase } from '../../backend/conformance-programs.ts';
import { accumulateFixed } from '../../canonical/fixed-point.ts';
import { interpretExactly } from '../../canonical/interpret-graph.ts';
import { createExactBackend } from '../../exact-backend/backend.ts';
import { type ParameterLayout, parameterViews } from '../../graph/parameter-layout.ts';
import type { StepProgram } from '../../graph/step-program.ts';
import { buildStepProgram } from '../../models/build-step-program.ts';
import { initialParameters } from '../../models/parameters.ts';
import { ops } from '../../ops/index.ts';
import { exactArithmetic } from '../arithmetic.ts';
import { Device } from '../device.ts';
import { compileProgram } from '../executable.ts';
import { openGpu } from '../node/open-gpu.ts';
import { type Throttle, throttleSetImmediate } from '../node/throttle.ts';
import { probeDevice } from './probe.ts';
import { threeTiles } from './tiles.testing.ts';

const STEPS = 200;
const INTERPRETED = 3;
const LEARNING_RATE = 0.05;

let device: Device;
let throttle: Throttle;
const { setImmediate: immediately } = globalThis;
const oracle = createExactBackend({ name: 'one thread', threads: 1, spawn: null });
beforeAll(async () => {
  // Dawn's waiting would keep the core busy that an adapter on a CPU computes with.
  throttle = throttleSetImmediate();
  device = await Device.open(await openGpu());
});
afterAll(async () => {
  globalThis.setImmediate = immediately;
  device.close();
  await oracle.close();
});

/** As small as they can be and still have every op: 200 steps on four executables each. */
const models: Record<string, ModelCase> = {
  mlp: { spec: { type: 'mlp', inputs: 13, hidden: [9], outputs: 5, activation: 'gelu' }, batch: 6 },
  convnet: {
    spec: { type: 'convnet', input: [2, 7, 6], channels: [3], kernel: 3, hidden: [5], outputs: 4, activation: 'relu' },
    batch: 3,
  },
  resnet: {
    spec: { type: 'resnet', input: [2, 5, 6], stem: 'small', blocks: [1, 1], widths: [3, 4], outputs: 3 },
    batch: 3,
  },
  gpt: { spec: { type: 'gpt', vocab: 11, layers: 1, heads: 2, width: 8, block: 5, tied: true }, batch: 2 },
  llama: {
    spec: {
      type: 'llama',
      vocab: 11,
      layers: 1,
      heads: 2,
      kvHeads: 1,
      width: 8,
      inner: 6,
      block: 5,
      tied: false,
      theta: 10_000,
      epsilon: 1e-5,
    },
    batch: 2,
  },
};

describe.each(Object.keys(models))('200 exact training steps of %s', (model) => {
  it('have equal gradient bits on every tile shape, on the exact backend and in the interpreter', async () => {
    const { spec, batch } = models[model]!;
    const program = buildStepProgram(spec, batch);
    const { rounding } = await probeDevice(device);
    const onDevice = threeTiles(device.traits).map((tile) =>
      compileProgram(device, program, exactArithmetic({ ops, traits: device.traits, rounding, tile })),
    );
    const executables: Executable[] = [await oracle.compile(program), ...(await Promise.all(onDevice))];
    const parameters = initialParameters(spec, 7);
    for (let step = 0; step < STEPS; step++) {
      throttle.restart();
      const data = drawBatch(program, spec, step);
      const sums = await Promise.all(executables.map((executable) => sumsOf(executable, program, parameters, data)));
      if (step < INTERPRETED) sums.push(interpretedSums(program, parameters, data));
      const [first, ...others] = sums;
      for (const [index, other] of others.entries()) {
        const wrong = other.findIndex((value, at) => value !== first![at]);
        expect({ step, executable: index + 1, wrong }).toEqual({ step, executable: index + 1, wrong: -1 });
      }
      descend(parameters, first!, program.layout);
    }
    expect(parameters.every(Number.isFinite)).toBe(true);
    for (const executable of executables) await executable.close();
  });
});

type Data = ReturnType<typeof drawBatch>;

async function sumsOf(
  executable: Executable,
  { layout }: StepProgram,
  parameters: Float32Array,
  data: Data,
): Promise<BigInt64Array> {
  await executable.load(parameters);
  await executable.accumulate(data);
  const sums = new BigInt64Array(layout.size);
  await executable.drainFixed!(sums);
  return sums;
}

function interpretedSums({ layout, train }: StepProgram, parameters: Float32Array, data: Data): BigInt64Array {
  const outputs = interpretExactly(train, { ...parameterViews(layout, parameters), ...data }, ops);
  const sums = new BigInt64Array(layout.size);
  for (const { name, offset, size } of layout.slots) {
    const gradient = outputs[`gradient/${name}`];
    if (gradient) accumulateFixed(sums.subarray(offset, offset + size), gradient as Float32Array);
  }
  return sums;
}

/** A step of plain descent; running statistics go where they are told. */
function descend(parameters: Float32Array, sums: BigInt64Array, { slots }: ParameterLayout): void {
  for (const { offset, size, update } of slots) {
    const rate = update === 'statistic' ? 1 : LEARNING_RATE;
    for (let at = offset; at < offset + size; at++) parameters[at]! -= rate * Number(sums[at]!) * 2 ** -44 * (1 / 16);
  }
}
