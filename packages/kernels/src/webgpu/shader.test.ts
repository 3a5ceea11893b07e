import { describe, expect, it } from 'vitest';
import type { Kernel } from './lowering.ts';
import { shaderSource, splitWorkgroups, uniformBytes } from './shader.ts';
import { f32Literal, reads, writes } from './wgsl.ts';

const kernel: Kernel = {
  key: 'k',
  uniforms: ['count', 'factor: f32'],
  bindings: [reads('x', 'vec4<f32>'), writes('y')],
  workgroupSize: 64,
  body: 'y[index] = dims.factor;',
};

describe('shaderSource', () => {
  it('declares sizes and bindings in order', () => {
    expect(shaderSource(kernel)).toContain('struct Dims { count: u32, factor: f32 }');
    expect(shaderSource(kernel)).toContain('@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;');
    expect(shaderSource(kernel)).toContain('@group(0) @binding(2) var<storage, read_write> y: array<f32>;');
  });

  it('asks for subgroups only where a kernel uses them', () => {
    expect(shaderSource(kernel)).not.toContain('subgroup');
    expect(shaderSource({ ...kernel, usesSubgroups: true })).toMatch(/^enable subgroups;/);
  });
});

describe('uniformBytes', () => {
  it('writes floats as floats', () => {
    const words = uniformBytes(kernel, { count: 7, factor: 0.5 });
    expect([words[0], new Float32Array(words.buffer)[1]]).toEqual([7, 0.5]);
  });

  it('has one field for a kernel without sizes', () => {
    expect(uniformBytes({ ...kernel, uniforms: [] }, {})).toHaveLength(1);
  });
});

describe('splitWorkgroups', () => {
  it.each([1, 65_535, 65_536, 131_071, 10_000_019])('covers %i with little waste', (count) => {
    const [x, y] = splitWorkgroups(count, 65_535);
    expect(Math.max(x, y)).toBeLessThanOrEqual(65_535);
    expect(x * y).toBeGreaterThanOrEqual(count);
    expect(x * y - count).toBeLessThan(y);
  });
});

describe('f32Literal', () => {
  it.each([
    [1, '1.0f'],
    [-0.125, '-0.125f'],
    [1e-12, `${Math.fround(1e-12)}f`],
    [2 ** 100, '1.2676506002282294e+30f'],
  ])('writes %f', (value, text) => {
    expect(f32Literal(value)).toBe(text);
  });
});
