/** One kernel for a map: every element of a tensor on its own, four in a row a lane where they are read in a row. */
import { withFlushes } from '../../canonical/flush.ts';
import type { MapCall } from '../../canonical/kernel.ts';
import type { Kernel } from '../lowering.ts';
import { groupsOf, product, reads, writes } from '../wgsl.ts';
import { Emitter } from './emitter.ts';
import { takesFours, wideOperands } from './loads.ts';
import { PRELUDE } from './operations.ts';
import { Sizes } from './sizes.ts';

const WORKGROUP = 64;

/** What a map computes, without where it stands. */
export interface MapProblem extends Pick<MapCall, 'shape' | 'value'> {
  /** Types of what its loads count. */
  readonly operands: readonly ('f32' | 'i32')[];
}

/** The kernel of a map and how it is launched; bindings are the operands in order, then the output. */
export function mapKernel(problem: MapProblem): {
  kernel: Kernel;
  uniforms: Readonly<Record<string, number>>;
  workgroups: number;
} {
  const { shape, operands } = problem;
  const value = withFlushes(problem.value);
  const width = takesFours(value, shape) ? 4 : 1;
  const wide = wideOperands(value, shape, width);
  const sizes = new Sizes(shape);
  const { lines, result } = new Emitter({ rank: shape.length, width, sizes, wide }).emit(value);
  const count = product(shape) / width;
  const body = [
    'if (index >= dims.count) { return; }',
    width === 4 ? 'let at = index * 4u;' : 'let at = index;',
    ...lines,
    `out[index] = ${result};`,
  ].join('\n');
  const bindings = [
    ...operands.map((type, operand) => reads(`in${operand}`, wide.has(operand) ? 'vec4<f32>' : type)),
    writes('out', width === 4 ? 'vec4<f32>' : value.type === 'i32' ? 'i32' : 'f32'),
  ];
  const uniforms = { count, ...sizes.uniforms };
  const fields = Object.keys(uniforms);
  const kernel: Kernel = {
    key: `exact map ${[...fields, ...bindings.map(({ element }) => element)].join(' ')}\n${body}`,
    uniforms: fields,
    bindings,
    workgroupSize: WORKGROUP,
    prelude: PRELUDE,
    body,
  };
  return { kernel, uniforms, workgroups: groupsOf(count, WORKGROUP) };
}
