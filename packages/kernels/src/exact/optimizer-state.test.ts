import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { ParameterLayout } from '../graph/parameter-layout.ts';
import { GradientRangeError, OptimizerConfigError, VectorLengthError } from './errors.ts';
import { createHostKernels } from './host-kernels.ts';
import type { AdamwConfig, OptimizerConfig, SgdConfig } from './optimizer-config.ts';
import type { OptimizerState } from './optimizer-state.ts';
import { bitsOf, ReferenceAdamw, referenceSgd, tameVector, wildVector } from './reference.testing.ts';

const kernels = await createHostKernels();

/** A layout of slots with the given sizes; even slots decay, odd ones don't. */
function layoutOf(...sizes: number[]): ParameterLayout {
  let offset = 0;
  const slots = sizes.map((size, i) => {
    const slot = { name: `p${i}`, shape: [size], offset, size, decay: i % 2 === 0, update: 'optimizer' as const };
    offset += size;
    return slot;
  });
  return { slots, size: offset, trained: offset, bucketSize: 65_536 };
}

const layout = layoutOf(4099, 3, 1, 10, 5000, 7);
const decay = layout.slots.flatMap((slot) => Array.from({ length: slot.size }, () => slot.decay));

const adamw: AdamwConfig = {
  type: 'adamw',
  learningRate: 0.003,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0.1,
};
const sgd: SgdConfig = { type: 'sgd', learningRate: 0.05, momentum: 0.9, nesterov: false, weightDecay: 0.01 };

function stateOf(
  optimizer: OptimizerConfig,
  options: { clipNorm?: number; layout?: ParameterLayout } = {},
): OptimizerState {
  const state = kernels.createOptimizer({
    layout,
    optimizer,
    schedule: { type: 'constant', warmup: 0 },
    rounds: 100,
    ...options,
  });
  state.loadParameters(tameVector(options.layout?.size ?? layout.size, 1));
  return state;
}

const words = (state: OptimizerState): Uint32Array => new Uint32Array(state.stateBytes.slice().buffer);

describe('AdamW', () => {
  it('has the bits of the reference, round after round', () => {
    const state = stateOf(adamw);
    const reference = new ReferenceAdamw(tameVector(layout.size, 1), decay, adamw);
    for (let round = 0; round < 20; round++) {
      const gradient = round % 2 === 0 ? wildVector(layout.size, round, 40) : tameVector(layout.size, round);
      state.apply(gradient, { round });
      reference.apply(gradient, 1);
    }
    expect(words(state)).toEqual(bitsOf(reference.state));
  });

  it('clips by the factor that the norm asks for', () => {
    const state = stateOf(adamw, { clipNorm: 1 });
    const reference = new ReferenceAdamw(tameVector(layout.size, 1), decay, adamw);
    const gradient = tameVector(layout.size, 9);
    const { gradientNorm } = state.apply(gradient, { round: 0 });
    expect(gradientNorm).toBe(kernels.vectors.globalNorm(gradient));
    reference.apply(gradient, Math.fround(1 / gradientNorm));
    expect(words(state)).toEqual(bitsOf(reference.state));
  });

  it('leaves a gradient below the limit alone', () => {
    const [clipped, free] = [stateOf(adamw, { clipNorm: 1000 }), stateOf(adamw)];
    for (const state of [clipped, free]) state.apply(tameVector(layout.size, 9), { round: 0 });
    expect(words(clipped)).toEqual(words(free));
  });

  it('follows the float64 formulas within f32 rounding', () => {
    const state = stateOf(adamw);
    const parameters = Float64Array.from(tameVector(layout.size, 1));
    const [m, v] = [new Float64Array(layout.size), new Float64Array(layout.size)];
    for (let round = 0; round < 50; round++) {
      const gradient = tameVector(layout.size, 100 + round);
      state.apply(gradient, { round });
      gradient.forEach((g, i) => {
        m[i] = 0.9 * (m[i] as number) + 0.1 * g;
        v[i] = 0.999 * (v[i] as number) + 0.001 * g * g;
        const step = m[i] / (1 - 0.9 ** (round + 1)) / (Math.sqrt(v[i] / (1 - 0.999 ** (round + 1))) + 1e-8);
        parameters[i] = (parameters[i] as number) * (1 - (decay[i] ? 0.003 * 0.1 : 0)) - 0.003 * step;
      });
    }
    const worst = state.parameters.reduce(
      (most, value, i) => Math.max(most, Math.abs(value - (parameters[i] as number))),
      0,
    );
    expect(worst).toBeLessThan(3e-6);
  });

  it('keeps no denormal moments, however long no gradient comes', () => {
    const state = stateOf({ ...adamw, beta2: 0.5 });
    state.apply(tameVector(layout.size, 2), { round: 0 });
    for (let round = 1; round < 1000; round++) state.apply(new Float32Array(layout.size), { round });
    const moments = new Float32Array(state.stateBytes.slice().buffer).subarray(layout.size, layout.size * 3);
    expect(moments.every((value) => Object.is(value, 0))).toBe(true);
  });

  it('refuses settings that f32 turns into a division by zero', () => {
    expect(() => stateOf({ ...adamw, beta2: 0.999_999_999 })).toThrow(OptimizerConfigError);
    expect(() => stateOf({ ...adamw, epsilon: 1e-46 })).toThrow(OptimizerConfigError);
  });
});

describe('SGD', () => {
  it.each([
    ['plain', { ...sgd, momentum: 0 }],
    ['with momentum', sgd],
    ['with Nesterov momentum', { ...sgd, nesterov: true }],
  ])('%s has the bits of the reference', (_, config) => {
    const state = stateOf(config);
    const [parameters, velocity] = [tameVector(layout.size, 1), new Float32Array(layout.size)];
    for (let round = 0; round < 20; round++) {
      const gradient = wildVector(layout.size, round, 20);
      state.apply(gradient, { round });
      referenceSgd(parameters, velocity, gradient, decay, config);
    }
    expect(bitsOf(state.parameters)).toEqual(bitsOf(parameters));
    expect(words(state).subarray(layout.size)).toEqual(bitsOf(config.momentum === 0 ? new Float32Array() : velocity));
  });

  it('follows the float64 formulas of Nesterov momentum', () => {
    const state = stateOf({ ...sgd, nesterov: true });
    const parameters = Float64Array.from(tameVector(layout.size, 1));
    const u = new Float64Array(layout.size);
    for (let round = 0; round < 50; round++) {
      const gradient = tameVector(layout.size, 100 + round);
      state.apply(gradient, { round });
      gradient.forEach((g, i) => {
        u[i] = 0.9 * (u[i] as number) + g;
        parameters[i] = (parameters[i] as number) * (1 - (decay[i] ? 0.05 * 0.01 : 0)) - 0.05 * (g + 0.9 * u[i]);
      });
    }
    const worst = state.parameters.reduce(
      (most, value, i) => Math.max(most, Math.abs(value - (parameters[i] as number))),
      0,
    );
    expect(worst).toBeLessThan(1e-5);
  });
});

describe('OptimizerState', () => {
  it.each<[string, OptimizerConfig, string]>([
    ['adamw', adamw, '0a441c086c6f0359419c392f3c22d98d3d28cf283a17ea84bd2a41c44aafd9a2'],
    ['sgd', sgd, '7e12e861fe94bebd1c86bb201c084802aa7ed29c44d2d6d177857fc7c0cc8093'],
    ['nesterov', { ...sgd, nesterov: true }, '5c4b0a0d228b38b9b4bbb17a2848202ef41a4da848e7905688163122b1e6150b'],
  ])('has the golden bits after 100 rounds of %s', (_, optimizer, golden) => {
    const state = kernels.createOptimizer({
      layout,
      optimizer,
      schedule: { type: 'cosine', warmup: 10, final: 0.1 },
      rounds: 100,
      clipNorm: 40,
    });
    state.loadParameters(tameVector(layout.size, 1));
    for (let round = 0; round < 100; round++) state.apply(tameVector(layout.size, round + 2), { round });
    expect(createHash('sha256').update(state.stateBytes).digest('hex')).toBe(golden);
  });

  it('goes on from a snapshot with the bits of the one that never stopped', () => {
    const [whole, source, joiner] = [stateOf(adamw), stateOf(adamw), stateOf(adamw)];
    for (let round = 0; round < 10; round++) {
      if (round === 5) joiner.loadState(source.stateBytes.slice());
      whole.apply(tameVector(layout.size, round), { round });
      (round < 5 ? source : joiner).apply(tameVector(layout.size, round), { round });
    }
    expect(words(joiner)).toEqual(words(whole));
  });

  it('gives the same bits for a gradient in its own memory and elsewhere', () => {
    const [inside, outside] = [stateOf(adamw), stateOf(adamw)];
    const gradient = kernels.allocate(layout.size);
    gradient.values.set(tameVector(layout.size, 3));
    inside.apply(gradient.values, { round: 0 });
    outside.apply(tameVector(layout.size, 3), { round: 0 });
    expect(words(inside)).toEqual(words(outside));
  });

  it('does not depend on how parameters are cut into slots of equal decay', () => {
    const cut = {
      ...layoutOf(9120),
      slots: [0, 100, 5000].map((offset, i, all) => ({
        name: `s${i}`,
        shape: [],
        offset,
        size: (all[i + 1] ?? 9120) - offset,
        decay: true,
        update: 'optimizer' as const,
      })),
    };
    const [one, many] = [stateOf(adamw, { layout: layoutOf(9120) }), stateOf(adamw, { layout: cut })];
    for (const state of [one, many]) state.apply(tameVector(9120, 3), { round: 0 });
    expect(words(many)).toEqual(words(one));
  });

  describe('with statistics and frozen parameters', () => {
    const updates = ['optimizer', 'statistic', 'frozen', 'optimizer', 'statistic', 'optimizer'] as const;
    const mixed = { ...layout, slots: layout.slots.map((slot, i) => ({ ...slot, update: updates[i]! })) };
    const updateAt = mixed.slots.flatMap(({ size, update }) => Array.from({ length: size }, () => update));
    const only = (vector: Float32Array) => vector.map((value, i) => (updateAt[i] === 'optimizer' ? value : 0));

    it.each([adamw, sgd])('of $type: θ − g, unchanged, and the others as if alone', (optimizer) => {
      const [state, alone] = [{ layout: mixed, clipNorm: 1 }, { clipNorm: 1 }].map((o) => stateOf(optimizer, o)) as [
        OptimizerState,
        OptimizerState,
      ];
      const expected = tameVector(layout.size, 1);
      for (let round = 0; round < 5; round++) {
        // Larger than clipping allows, and in frozen places not even a number.
        const gradient = tameVector(layout.size, round, 50).map((g, i) => (updateAt[i] === 'frozen' ? Number.NaN : g));
        gradient.forEach((g, i) => {
          if (updateAt[i] === 'statistic') expected[i] = expected[i]! - g;
        });
        const { gradientNorm } = state.apply(gradient, { round });
        expect(gradientNorm).toBeCloseTo(alone.apply(only(gradient), { round }).gradientNorm, 3);
      }
      state.parameters.forEach((value, i) => {
        if (updateAt[i] === 'optimizer') expected[i] = alone.parameters[i]!;
        expect(Math.abs(value - expected[i]!)).toBeLessThan(updateAt[i] === 'optimizer' ? 1e-6 : 0.5 ** 149);
      });
      const moments = new Float32Array(state.stateBytes.slice().buffer).subarray(layout.size, 2 * layout.size);
      expect(moments.every((value, i) => updateAt[i] === 'optimizer' || value === 0)).toBe(true);
    });

    it.each([Number.NaN, Number.NEGATIVE_INFINITY, 1e19])('refuses %d for a statistic and stays as it was', (value) => {
      const state = stateOf(adamw, { layout: mixed });
      const before = words(state);
      const gradient = tameVector(layout.size, 3);
      gradient[updateAt.lastIndexOf('statistic')] = value;
      expect(() => state.apply(gradient, { round: 0 })).toThrow(GradientRangeError);
      expect(words(state)).toEqual(before);
    });
  });

  it('keeps no tensors for what is frozen at the end, and computes the rest as if it were alone', () => {
    const [front, whole] = [layoutOf(30, 7), layoutOf(30, 7, 100)];
    const tail = {
      ...whole,
      trained: 37,
      slots: whole.slots.map((slot, i) => (i < 2 ? slot : { ...slot, update: 'frozen' as const })),
    };
    const [alone, state] = [stateOf(adamw, { layout: front }), stateOf(adamw, { layout: tail })];
    const before = state.parameters.slice(37);
    for (let round = 0; round < 3; round++) {
      alone.apply(tameVector(37, round), { round });
      state.apply(
        Float32Array.from({ length: 137 }, (_, i) => tameVector(37, round)[i] ?? Number.NaN),
        { round },
      );
    }
    expect(state.stateLayout.length).toBe(137 + 2 * 37 + 2);
    expect(state.parameters.slice(0, 37).map((x, i) => x - tameVector(137, 1)[i]!)).toEqual(
      alone.parameters.map((x, i) => x - tameVector(37, 1)[i]!),
    );
    expect(state.parameters.slice(37)).toEqual(before);
    expect(words(state).subarray(137)).toEqual(words(alone).subarray(37));
  });

  it('starts over when parameters are loaded', () => {
    const [fresh, used] = [stateOf(adamw), stateOf(adamw)];
    used.apply(tameVector(layout.size, 3), { round: 0 });
    used.loadParameters(tameVector(layout.size, 1));
    expect(words(used)).toEqual(words(fresh));
  });

  it.each([
    ['NaN', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
    ['a huge number', 1e19],
  ])('refuses a gradient with %s and stays as it was', (_, value) => {
    const state = stateOf(adamw);
    const before = words(state);
    const gradient = tameVector(layout.size, 3);
    gradient[layout.size - 1] = value;
    expect(() => state.apply(gradient, { round: 0 })).toThrow(GradientRangeError);
    expect(words(state)).toEqual(before);
  });

  it('refuses vectors and states of another model, and a layout with a hole', () => {
    const state = stateOf(adamw);
    expect(() => state.apply(new Float32Array(3), { round: 0 })).toThrow(VectorLengthError);
    expect(() => state.loadState(new Uint8Array(7))).toThrow(VectorLengthError);
    expect(() => state.loadParameters(new Float32Array(3))).toThrow(VectorLengthError);
    expect(() => stateOf(adamw, { layout: { ...layout, slots: layout.slots.slice(1) } })).toThrow(VectorLengthError);
  });

  it('names the tensors of its state in their order', () => {
    expect(
      stateOf(adamw).stateLayout.tensors.map(({ name, offset, length }) => [name, offset / layout.size, length]),
    ).toEqual([
      ['parameters', 0, layout.size],
      ['firstMoment', 1, layout.size],
      ['secondMoment', 2, layout.size],
      ['biasPowers', 3, 2],
    ]);
  });
});
