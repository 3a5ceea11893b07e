/** The exact backend behind the Backend interface, and bit for bit against the interpreter of exact arithmetic. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../backend/backend.ts';
import { describeBackend } from '../backend/conformance.ts';
import { conformanceOps, drawBatch, modelCases, opProgram } from '../backend/conformance-programs.ts';
import { drained, withExecutable } from '../backend/conformance-steps.ts';
import { accumulateFixed, drainFixed } from '../canonical/fixed-point.ts';
import { interpretExactly } from '../canonical/interpret-graph.ts';
import { parameterViews } from '../graph/parameter-layout.ts';
import type { StepProgram } from '../graph/step-program.ts';
import { buildStepProgram } from '../models/build-step-program.ts';
import { initialParameters } from '../models/parameters.ts';
import { ops } from '../ops/index.ts';
import { createExactBackend } from './backend.ts';
import { openExactBackend } from './node/open.ts';

const offers = (op: string): boolean => Boolean(ops[op]?.exact ?? ops[op]?.expand);

describeBackend({ name: 'exact', open: async () => openExactBackend({ threads: 2 }), offers, numerics: 'exact' });

const bitsOf = (values: Float32Array): Uint32Array => new Uint32Array(values.buffer, values.byteOffset, values.length);

/** The drained gradient of some batches as the interpreter defines it. */
function defined(
  { layout, train }: StepProgram,
  parameters: Float32Array,
  batches: readonly Readonly<Record<string, Float32Array | Int32Array>>[],
): Float32Array {
  const sums = new BigInt64Array(layout.size);
  for (const batch of batches) {
    const outputs = interpretExactly(train, { ...parameterViews(layout, parameters), ...batch }, ops);
    for (const { name, offset, size } of layout.slots)
      accumulateFixed(sums.subarray(offset, offset + size), outputs[`gradient/${name}`] as Float32Array);
  }
  const gradient = new Float32Array(layout.size);
  drainFixed(sums, gradient, 1);
  return gradient;
}

describe('the exact backend', () => {
  let backend: Backend;
  beforeAll(() => {
    backend = openExactBackend({ threads: 2 });
  });
  afterAll(() => backend.close());

  it.each(conformanceOps.filter(offers))('has the interpreter’s bits in %s', async (op) => {
    const { program, batch } = opProgram(op);
    const parameters = new Float32Array(program.layout.size);
    const gradient = await withExecutable(backend, program, async (executable) => {
      await executable.load(parameters);
      await executable.accumulate(batch);
      return drained(executable, program);
    });
    expect(bitsOf(gradient)).toEqual(bitsOf(defined(program, parameters, [batch])));
  });

  const models = Object.keys(modelCases).filter((name) => {
    const { spec, batch } = modelCases[name]!;
    return buildStepProgram(spec, batch).train.nodes.every(({ op }) => offers(op));
  });

  it.each(models)('has the interpreter’s bits in a step of %s, for any threads, tile and order', async (name) => {
    const { spec, batch } = modelCases[name]!;
    const program = buildStepProgram(spec, batch);
    const parameters = initialParameters(spec, 7);
    const batches = [1, 2].map((seed) => drawBatch(program, spec, seed));
    const expected = bitsOf(defined(program, parameters, batches));
    for (const [threads, rows, columns] of [
      [1, 4, 4],
      [2, 4, 12],
      [3, 5, 8],
    ] as const) {
      const other = openExactBackend({ threads, tile: { rows, columns } });
      const gradient = await withExecutable(other, program, async (executable) => {
        await executable.load(parameters);
        for (const data of threads === 2 ? batches.toReversed() : batches) await executable.accumulate(data);
        return drained(executable, program);
      });
      await other.close();
      expect(bitsOf(gradient)).toEqual(expected);
    }
  });

  const { spec, batch } = modelCases['mlp with relu']!;
  const program = buildStepProgram(spec, batch);
  const data = drawBatch(program, spec, 1);

  it('has the same bits on the caller’s own thread, where there are no others', async () => {
    const parameters = initialParameters(spec, 1);
    const alone = createExactBackend({ name: 'test', threads: 4, spawn: null });
    const gradient = await withExecutable(alone, program, async (executable) => {
      await executable.load(parameters);
      await executable.accumulate(data);
      return drained(executable, program);
    });
    expect(bitsOf(gradient)).toEqual(bitsOf(defined(program, parameters, [data])));
  });

  it('names the parameter whose gradient does not fit, once, and goes on', async () => {
    const parameters = initialParameters(spec, 1);
    await withExecutable(backend, program, async (executable) => {
      await executable.load(parameters);
      const huge = { ...data, x: data['x']!.map((value) => value * 1e9) as Float32Array };
      await executable.accumulate(huge);
      await expect(drained(executable, program)).rejects.toMatchObject({
        code: 'GRADIENT_OVERFLOW',
        parameter: program.layout.slots[0]?.name,
      });
      await executable.accumulate(data);
      expect(bitsOf(await drained(executable, program))).toEqual(bitsOf(defined(program, parameters, [data])));
    });
  });

  it('keeps what it had when a label lies so far outside that the step fails', async () => {
    await withExecutable(backend, program, async (executable) => {
      await executable.load(initialParameters(spec, 1));
      await executable.accumulate(data);
      const outside = { ...data, y: data['y']!.map(() => 2 ** 29) as Int32Array };
      await expect(executable.accumulate(outside)).rejects.toMatchObject({ code: 'EXACT_THREAD' });
      expect(bitsOf(await drained(executable, program))).toEqual(
        bitsOf(defined(program, initialParameters(spec, 1), [data])),
      );
    });
  });

  it('tells its memory, which is little more than must be', async () => {
    await withExecutable(backend, program, async (executable) => {
      const memory = executable.memory!;
      const { parameters, gradients, data: inputs, temporaries, overhead, total, least } = memory;
      expect(parameters + gradients + inputs + temporaries + overhead).toBe(total);
      expect([parameters, gradients]).toEqual([program.layout.size * 4, program.layout.size * 8]);
      expect(temporaries).toBeLessThan(1.2 * (least - parameters - gradients - inputs));
    });
  });

  it('computes two programs whose steps overlap in time', async () => {
    await withExecutable(backend, program, (one) =>
      withExecutable(backend, program, async (two) => {
        const parameters = initialParameters(spec, 1);
        await Promise.all([one.load(parameters), two.load(parameters)]);
        await Promise.all([one.accumulate(data), two.accumulate(data), one.evaluate(data)]);
        expect(bitsOf(await drained(one, program))).toEqual(bitsOf(await drained(two, program)));
      }),
    );
  });

  it('refuses a program that no memory holds, and says what is too large', async () => {
    const wide = buildStepProgram(
      { type: 'mlp', inputs: 8, hidden: [20_000, 20_000], outputs: 2, activation: 'relu' },
      1,
    );
    await expect(backend.compile(wide)).rejects.toMatchObject({
      code: 'EXACT_MEMORY',
      message: expect.stringContaining('the gradient sums'),
    });
  });
});
