/** The part of the conformance suite about NaN, ∞ and denormals: docs/numerics.md. */
import { expect, it } from 'vitest';
import { GraphBuilder } from '../graph/builder.ts';
import type { Graph } from '../graph/graph.ts';
import { parameterViews } from '../graph/parameter-layout.ts';
import { type ExtremeCase, extremeCases, extremeProblems } from '../ops/extreme-cases.ts';
import type { Backend } from './backend.ts';
import { programOf } from './conformance-programs.ts';
import { drained, withExecutable } from './conformance-steps.ts';

export type Numerics = 'fast' | 'exact';

export function describeExtremes(backend: () => Backend, numerics: Numerics, offers: (op: string) => boolean): void {
  if (numerics === 'fast') describeFast(backend, offers);
  else describeExact(backend);
}

type Cases = readonly Pick<ExtremeCase, 'name' | 'graph' | 'feeds'>[];

/** The results of calls, by name, in the place of gradients. */
async function resultsOf(backend: Backend, cases: Cases): Promise<Readonly<Record<string, Float32Array>>> {
  const { program, batch } = programOf(cases.map((one) => ({ ...one, expected: new Float64Array() })));
  return withExecutable(backend, program, async (executable) => {
    await executable.load(new Float32Array(program.layout.size));
    await executable.accumulate(batch);
    return parameterViews(program.layout, await drained(executable, program));
  });
}

function describeFast(backend: () => Backend, offers: (op: string) => boolean): void {
  it('are kept, chosen and made as the rules say', async () => {
    const cases = extremeCases.filter(({ op }) => offers(op));
    const results = await resultsOf(backend(), cases);
    expect(cases.flatMap((one) => extremeProblems(one, results[one.name] ?? []))).toEqual([]);
  });

  it('below the smallest normal number become 0 or stay what they are', async () => {
    const { y = new Float32Array() } = await resultsOf(backend(), [{ name: 'y', ...squares([1e-21, 1e-18, -3e-20]) }]);
    const [denormal, normal, other] = y;
    expect([0, Math.fround(1e-42)].some((value) => Math.abs((denormal ?? 1) - value) < 2e-45)).toBe(true);
    expect(normal).toBe(Math.fround(Math.fround(1e-18) ** 2));
    expect([0, 9e-40].some((value) => Math.abs((other ?? 1) - value) < 2e-45)).toBe(true);
  });
}

function describeExact(backend: () => Backend): void {
  it.each([Number.NaN, Infinity, -Infinity, 2 ** 18])('are refused by name when a gradient is %d', async (value) => {
    const graph = { name: 'the parameter', ...scaled([1, value]) };
    await expect(resultsOf(backend(), [graph])).rejects.toMatchObject({
      code: 'GRADIENT_OVERFLOW',
      message: expect.stringContaining('the parameter') as string,
    });
  });

  it('below 2⁻⁵⁰ are 0 wherever they are made or enter', async () => {
    // 2⁻⁵¹ · 2¹⁰ would be well above the grid of the sums, had it entered.
    const { y } = await resultsOf(backend(), [{ name: 'y', ...scaled([2 ** -51, 2 ** -50, -(2 ** -49)], 2 ** 10) }]);
    expect([...(y ?? [])]).toEqual([0, 2 ** -40, -(2 ** -39)]);
    const tiny = 2 ** -26;
    const { z } = await resultsOf(backend(), [{ name: 'z', ...scaledSquares([tiny, tiny * 2], 2 ** 12) }]);
    expect([...(z ?? [])]).toEqual([0, 2 ** -38]);
  });
}

type Call = (builder: GraphBuilder, x: number) => number;

function callOn(values: readonly number[], call: Call): { graph: Graph; feeds: { x: Float32Array } } {
  const builder = new GraphBuilder();
  builder.output('y', call(builder, builder.input('x', { dtype: 'f32', shape: [values.length] }, 'data')));
  return { graph: builder.build(), feeds: { x: Float32Array.from(values) } };
}

const square: Call = (builder, x) => builder.apply('power', [x], { exponent: 2 });
const squares = (values: readonly number[]) => callOn(values, square);
const scaled = (values: readonly number[], factor = 1) =>
  callOn(values, (builder, x) => builder.apply('scale', [x], { factor }));
const scaledSquares = (values: readonly number[], factor: number) =>
  callOn(values, (builder, x) => builder.apply('scale', [square(builder, x)], { factor }));
