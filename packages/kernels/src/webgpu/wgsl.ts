/** Small pieces that lowerings share: literals, sizes, one-expression ops. */
import type { Attributes, TensorType } from '../graph/graph.ts';
import type { KernelBinding, WgslLowering } from './lowering.ts';

/** A WGSL f32 literal with the exact value of `value` rounded to f32. */
export function f32Literal(value: number): string {
  const text = String(Math.fround(value));
  return /[.e]/.test(text) ? `${text}f` : `${text}.0f`;
}

/** Elements of a tensor. */
export const elements = ({ shape }: TensorType): number => product(shape);

/** Product of dimensions; 1 for none. */
export const product = (dimensions: readonly number[]): number => dimensions.reduce((total, each) => total * each, 1);

/** Workgroups of `size` lanes that give each of `count` elements a lane. */
export const groupsOf = (count: number, size: number): number => Math.ceil(count / size);

/** An input binding. */
export const reads = (name: string, element: KernelBinding['element'] = 'f32'): KernelBinding => ({
  name,
  element,
  access: 'read',
});

/** An output binding. */
export const writes = (name: string, element: KernelBinding['element'] = 'f32'): KernelBinding => ({
  name,
  element,
  access: 'read_write',
});

/** An elementwise lowering from a template in which `$0`, `$1`… stand for the arguments. */
export function elementwise(template: string, functions?: Readonly<Record<string, string>>): WgslLowering {
  const expression = (args: readonly string[]) =>
    template.replace(/\$(\d)/g, (_, index: string) => args[Number(index)] ?? '');
  return functions === undefined ? { kind: 'elementwise', expression } : { kind: 'elementwise', functions, expression };
}

/** An elementwise lowering whose expression depends on attributes. */
export const elementwiseOf = (
  expression: (args: readonly string[], attributes: Attributes) => string,
): WgslLowering => ({
  kind: 'elementwise',
  expression,
});

/** tanh that some drivers would compute as ∞/∞ for large arguments; from 10 on it is 1 in f32. NaN goes to tanh. */
export const SAFE_TANH = {
  name: 'safeTanh',
  source: 'fn safeTanh(x: f32) -> f32 { return select(tanh(x), sign(x), abs(x) >= 10.0f); }',
};

/** The logarithm, which some drivers give as a plain number for NaN, 0 and below. */
export const SAFE_LOG = {
  name: 'safeLog',
  source: `fn safeLog(x: f32) -> f32 {
  let outside = select((x - x) / (x - x), -1.0f / abs(x), x == 0.0f);
  return select(outside, log(x), x > 0.0f);
}`,
};
