/** One kernel for a group of elementwise nodes: each lane computes one element through the whole chain. */
import type { DType, TensorType } from '../graph/graph.ts';
import type { Kernel } from './lowering.ts';
import { broadcastStrides, stridedIndex } from './strided-index.ts';
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

const WORKGROUP = 64;

/** The kernel of `group` and how it is launched; bindings are the inputs in order, then the output. */
export function elementwiseKernel({ inputs, nodes, output }: FusedGroup): {
  kernel: Kernel;
  uniforms: Record<string, number>;
  workgroups: number;
} {
  const count = elements(output);
  const indices = inputs.map(({ shape }, input) =>
    stridedIndex({
      shape: output.shape,
      strides: broadcastStrides(shape, output.shape),
      variable: 'index',
      prefix: `b${input}`,
    }),
  );
  const uniforms: Record<string, number> = Object.assign({ count }, ...indices.map((index) => index.uniforms));
  const body = [
    'if (index >= dims.count) { return; }',
    ...indices.map(({ expression }, input) => `let x${input} = in${input}[${expression}];`),
    ...nodes.map((node, result) => `let t${result}: ${node.dtype} = ${node.expression(node.arguments.map(nameOf))};`),
    `out[index] = t${nodes.length - 1};`,
  ].join('\n');
  const functions: Record<string, string> = Object.assign({}, ...nodes.map((node) => node.functions));
  const bindings = [...inputs.map(({ dtype }, input) => reads(`in${input}`, dtype)), writes('out', output.dtype)];
  const types = bindings.map(({ element }) => element).join(' ');
  const kernel: Kernel = {
    key: `elementwise ${types}\n${body}`,
    uniforms: Object.keys(uniforms),
    bindings,
    workgroupSize: WORKGROUP,
    prelude: Object.values(functions).join('\n'),
    body,
  };
  return { kernel, uniforms, workgroups: groupsOf(count, WORKGROUP) };
}

const nameOf = (argument: FusedNode['arguments'][number]): string =>
  'input' in argument ? `x${argument.input}` : `t${argument.result}`;
