/** Einsum of one or two operands, as sums, one product of stacks of matrices, and transpositions. */
import { elements } from '../../ops/shape.ts';
import type { Conversion, NodeContext, Value } from './node-context.ts';
import { refuseNode } from './refusal.ts';

/** A value whose axes have letters. */
interface Lettered {
  readonly value: Value;
  readonly letters: string;
}

interface Equation {
  readonly inputs: readonly string[];
  readonly output: string;
}

/** `bij,bkj->bik`; without an arrow the output is the letters that stand once, in order. */
function parse(text: string, operands: number): Equation {
  const [left = '', right] = text.replaceAll(' ', '').split('->');
  const inputs = left.split(',');
  const plain = [...inputs, right ?? ''].every(
    (letters) => /^[a-zA-Z]*$/.test(letters) && new Set(letters).size === letters.length,
  );
  if (!plain || inputs.length !== operands || operands > 2)
    refuseNode(`its equation "${text}" is not of one or two operands with single letters`);
  const once = [...new Set(left.replaceAll(',', ''))].filter((letter) => left.split(letter).length === 2).sort();
  return { inputs, output: right ?? once.join('') };
}

/** The letters of `from` that `keep` has. */
const common = (from: string, keep: string): string =>
  Array.from(from)
    .filter((letter) => keep.includes(letter))
    .join('');

/** Sums over the axes whose letters nobody else needs. */
function summed(context: NodeContext, { value, letters }: Lettered, needed: string): Lettered {
  const axes = Array.from(letters).flatMap((letter, axis) => (needed.includes(letter) ? [] : [axis]));
  if (axes.length === 0) return { value, letters };
  return { value: context.same('reduceSum', [value], { axes, keepDims: false }), letters: common(letters, needed) };
}

/** The axes in the order of `letters`. */
function ordered(context: NodeContext, { value, letters: own }: Lettered, letters: string): Value {
  return own === letters
    ? value
    : context.same('transpose', [value], { permutation: Array.from(letters).map((letter) => own.indexOf(letter)) });
}

function einsum(context: NodeContext): Value[] {
  const values = context.all();
  const { inputs, output } = parse(context.text('equation', ''), values.length);
  const sizes = new Map<string, number>();
  const given = values.map((value, index): Lettered => {
    const letters = inputs[index] ?? '';
    const shape = context.shape(value);
    if (shape.length !== letters.length) refuseNode(`"${letters}" names the axes of [${shape}]`);
    Array.from(letters).forEach((letter, axis) => {
      if ((sizes.get(letter) ?? shape[axis]) !== shape[axis]) refuseNode(`the axes "${letter}" differ in size`);
      sizes.set(letter, shape[axis] ?? 1);
    });
    return { value, letters };
  });
  if (Array.from(output).some((letter) => !sizes.has(letter))) refuseNode(`no operand has an axis of "${output}"`);
  const [first, second] = given.map((one, index) => summed(context, one, output + (inputs[1 - index] ?? '')));
  if (first === undefined) return refuseNode('it has no operand');
  if (second === undefined) return [ordered(context, first, output)];
  return [ordered(context, product(context, first, second, output, sizes), output)];
}

/** Letters of both operands and the output are stacks, of both alone the inner size, of one the rows or the columns. */
function product(
  context: NodeContext,
  a: Lettered,
  b: Lettered,
  output: string,
  sizes: ReadonlyMap<string, number>,
): Lettered {
  const shared = common(a.letters, b.letters);
  const stack = common(shared, output);
  const inner = Array.from(shared)
    .filter((letter) => !output.includes(letter))
    .join('');
  const [rows, columns] = [a, b].map(({ letters }) =>
    Array.from(letters)
      .filter((letter) => !shared.includes(letter))
      .join(''),
  ) as [string, string];
  const shapeOf = (letters: string): number[] => Array.from(letters).map((letter) => sizes.get(letter) ?? 1);
  const count = (letters: string): number => elements(shapeOf(letters));
  const left = context.reshape(ordered(context, a, stack + rows + inner), [count(stack), count(rows), count(inner)]);
  const right = context.reshape(ordered(context, b, stack + inner + columns), [
    count(stack),
    count(inner),
    count(columns),
  ]);
  const y = context.same('matmul', [left, right], { transposeA: false, transposeB: false });
  const letters = stack + rows + columns;
  return { value: context.reshape(y, shapeOf(letters)), letters };
}

export const einsumConversions: Readonly<Record<string, Conversion>> = { Einsum: { convert: einsum } };
