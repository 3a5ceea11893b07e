/**
 * What a kernel does with an element of its result between computing and storing it: the elementwise nodes that read
 * nothing else from memory but tensors of the same shape, rows that repeat, and scalars. Their results never exist.
 */
import type { TensorType } from '../graph/graph.ts';
import type { FusedGroup } from './elementwise.ts';
import type { KernelBinding } from './lowering.ts';
import { elements } from './wgsl.ts';

/** How an operand lies against the result: element by element, one row for all rows, one element for all. */
export type EpilogueLayout = 'full' | 'row' | 'scalar';

export interface Epilogue {
  /** Equal keys have equal sources. */
  readonly key: string;
  /** How each operand lies, in the order in which they are bound after the kernel's own tensors. */
  readonly layouts: readonly EpilogueLayout[];
  /** WGSL functions `finish` and `finish4`: (value, operands…) → what is stored, for one element and for four. */
  readonly source: string;
}

/** How a kernel ends: with an epilogue or none; overwriting its output or adding to it. */
export interface Finish {
  readonly epilogue?: Epilogue;
  /** `fixed`: to sums in fixed point (`exact/accumulate-fixed.ts`), by kernels that store fours. */
  readonly accumulate?: boolean | 'fixed';
}

/** How `operand` lies against a result of shape `shape`; null for anything else, which an epilogue can't read. */
export function epilogueLayout(operand: TensorType, shape: readonly number[]): EpilogueLayout | null {
  if (operand.dtype !== 'f32') return null;
  if (String(operand.shape) === String(shape)) return 'full';
  if (elements(operand) === 1) return 'scalar';
  return elements(operand) === shape.at(-1) && operand.shape.at(-1) === shape.at(-1) ? 'row' : null;
}

/** The epilogue of a group whose input `at` is the kernel's result; the other inputs are its operands, in order. */
export function epilogueOf({ inputs, nodes, output }: FusedGroup, at: number): Epilogue {
  const names = inputs.map((_, input) => (input === at ? 'value' : `x${input < at ? input : input - 1}`));
  const body = nodes.map((node, result) => {
    const args = node.arguments.map((argument) =>
      'input' in argument ? names[argument.input]! : `t${argument.result}`,
    );
    return `let t${result}: ${node.dtype} = ${node.expression(args)};`;
  });
  const operands = names.filter((name) => name !== 'value').sort(byNumber);
  const parameters = (type: string) => ['value', ...operands].map((name) => `${name}: ${type}`).join(', ');
  const parts = [0, 1, 2, 3].map(
    (part) => `finish(${['value', ...operands].map((name) => `${name}[${part}]`).join(', ')})`,
  );
  const functions: Record<string, string> = Object.assign({}, ...nodes.map((node) => node.functions));
  const source = [
    ...Object.values(functions),
    `fn finish(${parameters('f32')}) -> f32 {\n${body.join('\n')}\nreturn t${nodes.length - 1};\n}`,
    `fn finish4(${parameters('vec4f')}) -> vec4f { return vec4f(${parts.join(', ')}); }`,
  ].join('\n');
  const layouts = inputs.flatMap((input, index) => (index === at ? [] : [epilogueLayout(input, output.shape)!]));
  return { key: `${layouts.join(' ')}\n${body.join('\n')}`, layouts, source };
}

const byNumber = (a: string, b: string): number => Number(a.slice(1)) - Number(b.slice(1));

/** The bindings `e0`, `e1`… of an epilogue; rows and full operands in fours where the kernel stores fours. */
export function epilogueBindings({ epilogue }: Finish, four: boolean): KernelBinding[] {
  return (epilogue?.layouts ?? []).map((layout, index) => ({
    name: `e${index}`,
    element: four && layout !== 'scalar' ? 'vec4<f32>' : 'f32',
    access: 'read',
  }));
}

/** What tells kernels with different ends apart. */
export const finishKey = ({ epilogue, accumulate = false }: Finish): string =>
  `${accumulate ? ' accumulating' : ''}${accumulate === 'fixed' ? ' fixed' : ''}${epilogue ? ` then ${epilogue.key}` : ''}`;
