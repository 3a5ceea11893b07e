/** One kernel for a group of elementwise nodes: each lane takes an element, or four, through the whole chain. */
import type { DType, TensorType } from '../graph/graph.ts';
import { epilogueLayout } from './epilogue.ts';
import type { Kernel, KernelCall, Operand, Piece } from './lowering.ts';
import { splitRows } from './split.ts';
import { broadcastStrides, type StridedIndex, stridedIndex } from './strided-index.ts';
import { elements, groupsOf, reads, writes } from './wgsl.ts';

/** A node of a group, its arguments being earlier results of the group or its external inputs. */
export interface FusedNode {
  readonly dtype: DType;
  readonly functions: Readonly<Record<string, string>>;
  readonly arguments: readonly ({ readonly input: number } | { readonly result: number })[];
  expression(args: readonly string[]): string;
}

/** A group: nodes in order, the last one's result being what is stored. */
export interface FusedGroup {
  readonly inputs: readonly TensorType[];
  readonly nodes: readonly FusedNode[];
  readonly output: TensorType;
}

/** The launch of a group, its operands apart. */
export interface ElementwiseCall extends Pick<KernelCall, 'kernel' | 'uniforms' | 'workgroups'> {
  split(operands: readonly Operand[], limit: number): readonly Piece[] | null;
}

const WORKGROUP = 64;

/** The kernel of `group` and how it is launched; bindings are the inputs in order, then the output. */
export function elementwiseKernel(group: FusedGroup): ElementwiseCall {
  const { inputs, nodes, output } = group;
  const indices = inputs.map(({ shape }, input) =>
    stridedIndex({
      shape: output.shape,
      strides: broadcastStrides(shape, output.shape),
      variable: 'at',
      prefix: `b${input}`,
    }),
  );
  const width = takesFours(group, indices) ? 4 : 1;
  const count = elements(output) / width;
  const uniforms: Record<string, number> = Object.assign({ count }, ...indices.map((index) => index.uniforms));
  const body = (width === 4 ? fours : single)(group, indices);
  const bindings = [
    ...inputs.map(({ dtype }, input) => reads(`in${input}`, isWide(indices[input]!, width) ? 'vec4<f32>' : dtype)),
    writes('out', width === 4 ? 'vec4<f32>' : output.dtype),
  ];
  const functions: Record<string, string> = Object.assign({}, ...nodes.map((node) => node.functions));
  const kernel: Kernel = {
    key: `elementwise ${bindings.map(({ element }) => element).join(' ')}\n${body}`,
    uniforms: Object.keys(uniforms),
    bindings,
    workgroupSize: WORKGROUP,
    prelude: Object.values(functions).join('\n'),
    body: `if (index >= dims.count) { return; }\n${body}`,
  };
  const over = (elementCount: number) => ({
    uniforms: { ...uniforms, count: elementCount / width },
    workgroups: groupsOf(elementCount / width, WORKGROUP),
  });
  return {
    kernel,
    ...over(count * width),
    split: (operands, limit) => splitGroup(group, { kernel, operands, over, limit }),
  };
}

interface SplitParts {
  readonly kernel: Kernel;
  readonly operands: readonly Operand[];
  readonly over: (elementCount: number) => Pick<KernelCall, 'uniforms' | 'workgroups'>;
  readonly limit: number;
}

/** By rows of the last axis, where every input lies row by row beside the output or is the same for all rows. */
function splitGroup({ inputs, output }: FusedGroup, parts: SplitParts): readonly Piece[] | null {
  const { kernel, operands, over, limit } = parts;
  const layouts = inputs.map((input) => epilogueLayout(input, output.shape));
  if (layouts.includes(null)) return null;
  const row = output.shape.at(-1) ?? 1;
  const perRow = [...layouts.map((layout) => (layout === 'full' ? row : 0)), row];
  const rows = elements(output) / row;
  const piece = (start: number, end: number) => over((end - start) * row);
  return splitRows({ kernel, operands, ...over(elements(output)) }, { rows, perRow, piece }, limit);
}

/** Loads and stores of four elements at once cost about as much as of one. */
function takesFours({ inputs, output }: FusedGroup, indices: readonly StridedIndex[]): boolean {
  const floats = [...inputs, output].every(({ dtype }) => dtype === 'f32');
  return floats && elements(output) % 4 === 0 && indices.every(({ fours }) => fours !== 'apart');
}

const isWide = (index: StridedIndex, width: number): boolean => width === 4 && index.fours === 'together';

function single({ nodes }: FusedGroup, indices: readonly StridedIndex[]): string {
  return [
    'let at = index;',
    ...indices.map(({ expression }, input) => `let x${input} = in${input}[${expression}];`),
    ...chain(nodes, (argument) => nameOf(argument)),
    `out[index] = t${nodes.length - 1};`,
  ].join('\n');
}

/** The chain four times over, element by element, so that its expressions need not know of vectors. */
function fours({ nodes }: FusedGroup, indices: readonly StridedIndex[]): string {
  const load = (index: StridedIndex, input: number): string =>
    isWide(index, 4)
      ? `let x${input} = in${input}[(${index.expression}) / 4u];`
      : `let x${input} = vec4f(in${input}[${index.expression}]);`;
  const part = (element: number): string[] => [
    '{',
    ...chain(nodes, (argument) => ('input' in argument ? `x${argument.input}[${element}]` : nameOf(argument))),
    `result[${element}] = t${nodes.length - 1};`,
    '}',
  ];
  return [
    'let at = index * 4u;',
    ...indices.map(load),
    'var result = vec4f();',
    ...[0, 1, 2, 3].flatMap(part),
    'out[index] = result;',
  ].join('\n');
}

type Argument = FusedNode['arguments'][number];

function chain(nodes: readonly FusedNode[], name: (argument: Argument) => string): string[] {
  return nodes.map((node, result) => `let t${result}: ${node.dtype} = ${node.expression(node.arguments.map(name))};`);
}

const nameOf = (argument: Argument): string => ('input' in argument ? `x${argument.input}` : `t${argument.result}`);
