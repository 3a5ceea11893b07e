/** Small pieces that lowerings share: literals, sizes, one-expression ops. */
import { TANH, TANH_NEAR } from '../canonical/functions.ts';
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

/** Σ coefficients[i] · variableⁱ by Horner's rule. */
export const horner = (coefficients: readonly number[], variable: string): string =>
  coefficients.reduceRight<string>(
    (rest, coefficient) =>
      rest === '' ? f32Literal(coefficient) : `(${f32Literal(coefficient)} + ${variable} * ${rest})`,
    '',
  );

/**
 * tanh, because drivers compute theirs as ∞/∞ for large arguments and lose digits for small ones. As in exact arithmetic: a
 * polynomial near 0, from there on an exponential that cannot overflow.
 */
export const SAFE_TANH = {
  name: 'safeTanh',
  source: `fn safeTanh(x: f32) -> f32 {
  let z = x * x;
  let e = exp(-2.0f * abs(x));
  return select(sign(x) * (1.0f - e) / (1.0f + e), x + x * z * ${horner(TANH, 'z')}, abs(x) < ${f32Literal(TANH_NEAR)});
}`,
};

/** 1/(1 + e^(−x)): the exponential of −|x| never overflows, and 1 − σ(x) = σ(−x) does the other side. */
export const SAFE_SIGMOID = {
  name: 'safeSigmoid',
  source: `fn safeSigmoid(x: f32) -> f32 {
  let e = exp(-abs(x));
  return select(e, 1.0f, x >= 0.0f) / (1.0f + e);
}`,
};

/** The logarithm, which some drivers give as a plain number for NaN, 0 and below. */
export const SAFE_LOG = {
  name: 'safeLog',
  source: `fn safeLog(x: f32) -> f32 {
  let outside = select((x - x) / (x - x), -1.0f / abs(x), x == 0.0f);
  return select(outside, log(x), x > 0.0f);
}`,
};
