/** A batch of made-up data in the shapes that a program declares: a step's time does not depend on the values. */
import type { Batch } from '@murmuration/kernels/backend';
import type { StepProgram } from '@murmuration/kernels/graph';

/** Data inputs of `program` filled from a linear congruential sequence: floats in [0, 1), class and token numbers below `classes`. */
export function randomBatch(program: StepProgram, classes: number): Batch {
  let seed = 1;
  const next = (): number => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed / 2 ** 32;
  };
  const inputs = program.train.inputs.filter(({ role }) => role === 'data');
  return Object.fromEntries(
    inputs.map(({ name, type }) => {
      const size = type.shape.reduce((product, length) => product * length, 1);
      if (name === 'weight') return [name, new Float32Array(size).fill(1)];
      return [
        name,
        type.dtype === 'f32'
          ? Float32Array.from({ length: size }, next)
          : Int32Array.from({ length: size }, () => Math.floor(next() * classes)),
      ];
    }),
  );
}
