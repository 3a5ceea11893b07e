/** How long a backend takes for one micro-batch of a program: what `auto` compares and `bench` reports. */
import type { StepProgram } from '../graph/step-program.ts';
import type { Backend, Batch, CompileOptions } from './backend.ts';

/** Steps before the clock starts: kernels are compiled and memory is laid out in the first ones. */
const WARM_UP_STEPS = 2;
const MEASURED_STEPS = 3;

/** Milliseconds of the fastest of a few steps over zeros, whose time is that of any data. */
export async function measureStep(
  backend: Backend,
  program: StepProgram,
  options: CompileOptions = {},
): Promise<number> {
  const executable = await backend.compile(program, options);
  try {
    await executable.load(new Float32Array(program.layout.size));
    const batch = zeroBatch(program);
    for (let step = 0; step < WARM_UP_STEPS; step++) await executable.accumulate(batch);
    let fastest = Infinity;
    for (let step = 0; step < MEASURED_STEPS; step++) {
      const start = performance.now();
      await executable.accumulate(batch);
      fastest = Math.min(fastest, performance.now() - start);
    }
    return fastest;
  } finally {
    await executable.close();
  }
}

function zeroBatch({ train }: StepProgram): Batch {
  const data = train.inputs.filter(({ role }) => role === 'data');
  return Object.fromEntries(
    data.map(({ name, type: { dtype, shape } }) => {
      const size = shape.reduce((product, dimension) => product * dimension, 1);
      return [name, dtype === 'i32' ? new Int32Array(size) : new Float32Array(size)];
    }),
  );
}
