/** A program's arithmetic with the tiles that a tuner chose for its products. */
import type { StepProgram } from '../../graph/step-program.ts';
import type { Arithmetic } from '../arithmetic.ts';
import type { MatrixProduct } from '../../canonical/kernel.ts';
import type { DeviceTraits } from '../lowering.ts';
import type { Tuner } from './tuner.ts';

/** Plans once to see which products there are, has them measured, and plans with the choices from then on. */
export async function tunedArithmetic(
  tuner: Tuner,
  { train, evaluate }: StepProgram,
  traits: DeviceTraits,
  arithmeticWith: (traits: DeviceTraits) => Arithmetic,
): Promise<Arithmetic> {
  const problems: MatrixProduct[] = [];
  const noting = arithmeticWith({ ...traits, matmulTile: (problem) => void problems.push(problem) });
  for (const graph of [train, evaluate]) noting.plan(graph);
  await tuner.prepare(problems);
  return arithmeticWith({ ...traits, matmulTile: (problem) => tuner.tileFor(problem) });
}
