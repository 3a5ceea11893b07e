/** Running one executable from test code. */
import type { StepProgram } from '../graph/step-program.ts';
import type { Backend, Batch, Executable } from './backend.ts';

/** Compiles, runs and closes. */
export async function withExecutable<T>(
  backend: Backend,
  program: StepProgram,
  use: (executable: Executable) => Promise<T>,
): Promise<T> {
  const executable = await backend.compile(program);
  try {
    return await use(executable);
  } finally {
    await executable.close();
  }
}

export async function drained(executable: Executable, program: StepProgram, scale = 1): Promise<Float32Array> {
  const into = new Float32Array(program.layout.size).fill(Number.NaN);
  await executable.drain(into, scale);
  return into;
}

/** One micro-batch on its own: its loss and its gradient. */
export async function step(executable: Executable, program: StepProgram, batch: Batch) {
  const { lossSum } = await executable.accumulate(batch);
  return { lossSum, gradient: await drained(executable, program) };
}
