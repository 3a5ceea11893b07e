import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { initialParameters } from './parameters.ts';
import { initialise } from './initialise.ts';

const digest = (values: Float32Array): string =>
  createHash('sha256')
    .update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
    .digest('hex');

function moments(values: Float32Array): { mean: number; deviation: number } {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return { mean, deviation: Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length) };
}

describe('initial parameters', () => {
  const mlp = { type: 'mlp', inputs: 784, hidden: [64], outputs: 10, activation: 'relu' } as const;
  const gpt = { type: 'gpt', vocab: 65, layers: 2, heads: 2, width: 16, block: 8, tied: false } as const;

  it('are the same bits on every machine', () => {
    expect(digest(initialParameters(mlp, 1))).toBe('adff92c7291736bf91c17c16b4a3a72727d527c90b58eba4821911a77409f506');
    expect(digest(initialParameters(gpt, 2 ** 40 + 3))).toBe(
      'd4d5330b9c20deff3f09c68e5d6830bbba2c80d4234a779396b74c097051c672',
    );
  });

  it('differ with the seed, its high word included, and with the name', () => {
    const digests = [1, 2, 2 ** 32 + 1].map((seed) => digest(initialParameters(mlp, seed)));
    expect(new Set(digests).size).toBe(3);
    const [a, b] = [new Float32Array(8), new Float32Array(8)];
    initialise(a, { kind: 'uniform', bound: 1 }, 1, 'block0/a');
    initialise(b, { kind: 'uniform', bound: 1 }, 1, 'block0/b');
    expect(a).not.toEqual(b);
  });

  it('of a prefix are a prefix: element i depends on nothing but seed, name and i', () => {
    const [long, short] = [new Float32Array(1000), new Float32Array(10)];
    for (const into of [long, short]) initialise(into, { kind: 'normal', deviation: 0.02 }, 5, 'w');
    expect(long.subarray(0, 10)).toEqual(short);
  });

  it('have the moments and limits that they should', () => {
    const values = new Float32Array(200_000);
    initialise(values, { kind: 'normal', deviation: 2 }, 3, 'w');
    expect(moments(values).mean).toBeCloseTo(0, 1);
    expect(moments(values).deviation).toBeCloseTo(2, 1);
    initialise(values, { kind: 'uniform', bound: 3 }, 3, 'w');
    expect(moments(values).mean).toBeCloseTo(0, 1);
    expect(moments(values).deviation).toBeCloseTo(Math.sqrt(3), 1);
    expect(values.every((value) => value >= -3 && value < 3)).toBe(true);
  });

  it('of neighbours and of other parameters are uncorrelated', () => {
    const [a, b] = [new Float32Array(100_000), new Float32Array(100_000)];
    initialise(a, { kind: 'normal', deviation: 1 }, 3, 'block0/w');
    initialise(b, { kind: 'normal', deviation: 1 }, 3, 'block1/w');
    const correlation = (other: (i: number) => number) =>
      a.reduce((sum, value, i) => sum + value * other(i), 0) / a.length;
    expect(Math.abs(correlation((i) => b[i] ?? 0))).toBeLessThan(0.02);
    expect(Math.abs(correlation((i) => a[i + 1] ?? 0))).toBeLessThan(0.02);
  });
});
