/** Operators from elements to elements: arithmetic with broadcasting, comparisons, activations. */
import type { ValueId } from '../../graph/graph.ts';
import { hardSigmoid, hardSwish, leakyRelu, reciprocal } from '../../ops/composites.ts';
import { isFloat, noOperand, type Conversion, type NodeContext, type Value } from './node-context.ts';
import { refuseNode } from './refusal.ts';

/** An operator that one op of ours computes just so. */
const direct = (op: string): Conversion => ({ convert: (context) => [context.same(op, context.all())] });

function div(context: NodeContext): Value[] {
  const quotient = direct('div').convert(context);
  const [value] = quotient;
  const constant = value && context.constantOf(value);
  if (!value || !constant || isFloat(value.element)) return [...quotient];
  // Whole numbers are divided towards 0.
  if (!constant.every(Number.isFinite)) refuseNode('it divides by 0');
  return [context.constant(value.element, context.shape(value), Float64Array.from(constant, Math.trunc))];
}

/** Remainders of what is known at import, with the divisor's sign (`fmod`: the dividend's). */
function mod(context: NodeContext): Value[] {
  const [a, b] = [context.input(0), context.input(1)];
  const [values, divisor] = [context.constantOf(a), context.scalar(b)];
  if (values === null || divisor === null || divisor === 0) return refuseNode('it takes a remainder of data');
  const remainder = (value: number): number => value % divisor;
  const floored = (value: number): number => ((value % divisor) + divisor) % divisor;
  const rule = context.int('fmod', 0) === 1 ? remainder : floored;
  return [context.constant(a.element, context.shape(a), Float64Array.from(values, rule))];
}

/** x^exponent for a known exponent; small whole ones by products, which have no edge at 0. */
function pow(context: NodeContext): Value[] {
  const x = context.input(0);
  const exponent = context.scalar(context.input(1)) ?? refuseNode('its exponent is no single number known at import');
  const square = (): Value => context.same('mul', [x, x]);
  if (exponent === 1) return [x];
  if (exponent === 2) return [square()];
  if (exponent === 3) return [context.same('mul', [square(), x])];
  if (exponent === 0.5) return [context.same('sqrt', [x])];
  return [context.same('power', [x], { exponent })];
}

/** More than two operands are folded from the left. */
const variadic = (op: string): Conversion => ({
  convert: (context) => [context.all().reduce((total, next) => context.same(op, [total, next]))],
});

function mean(context: NodeContext): Value[] {
  const sum = context.all().reduce((total, next) => context.same('add', [total, next]));
  return [context.same('scale', [sum], { factor: 1 / context.all().length })];
}

/** Rounding of what is known at import: sizes. */
const rounded = (rule: (value: number) => number): Conversion => ({
  convert: (context) => {
    const x = context.input(0);
    const values = context.constantOf(x) ?? refuseNode('it rounds data, which has no derivative');
    return [context.constant(x.element, context.shape(x), Float64Array.from(values, rule))];
  },
  flows: noOperand,
});

const truth = (convert: (context: NodeContext) => ValueId): Conversion => ({
  convert: (context) => [{ id: convert(context), element: 'bool' }],
  flows: noOperand,
});

/** Both sides in one dtype of the graph. */
const compare = (op: string, swapped = false): Conversion =>
  truth((context) => context.apply(op, [context.input(swapped ? 1 : 0).id, context.input(swapped ? 0 : 1).id]));

const logical = (op: string): Conversion =>
  truth((context) =>
    context.apply(
      op,
      context.all().map(({ id }) => id),
    ),
  );

function where(context: NodeContext): Value[] {
  const [condition, a, b] = [context.input(0), context.input(1), context.input(2)];
  return [{ id: context.apply('where', [condition.id, a.id, b.id]), element: a.element }];
}

/** Limits since opset 11 are operands. */
function clip(context: NodeContext): Value[] {
  const [x, low, high] = [context.input(0), context.optional(1), context.optional(2)];
  const raised = low === null ? x : context.same('maximum', [x, low]);
  return [high === null ? raised : context.same('minimum', [raised, high])];
}

function scaled(context: NodeContext, x: ValueId, factor: number, offset = 0): ValueId {
  const product = factor === 1 ? x : context.apply('scale', [x], { factor });
  return offset === 0 ? product : context.apply('add', [product, context.fill(offset)]);
}

const composite = (make: (context: NodeContext, x: ValueId) => ValueId): Conversion => ({
  convert: (context) => {
    const x = context.input(0);
    return [{ id: make(context, x.id), element: x.element }];
  },
});

/** alpha · (exp(min(x, 0)) − 1) below 0, x above; exp never overflows. */
function elu(context: NodeContext, x: ValueId, alpha: number, gamma = 1): ValueId {
  const grown = context.apply('exp', [context.apply('minimum', [x, context.fill(0)])]);
  const below = scaled(context, context.apply('sub', [grown, context.fill(1)]), alpha);
  return scaled(context, context.apply('add', [context.apply('relu', [x]), below]), gamma);
}

/** log(1 + exp(x)) = relu(x) + log(1 + exp(−|x|)). */
function softplus(context: NodeContext, x: ValueId): ValueId {
  const small = context.apply('exp', [context.apply('neg', [context.apply('abs', [x])])]);
  const rest = context.apply('log', [context.apply('add', [small, context.fill(1)])]);
  return context.apply('add', [context.apply('relu', [x]), rest]);
}

function prelu(context: NodeContext): Value[] {
  const [x, slope] = [context.input(0), context.input(1)];
  const below = context.apply('mul', [slope.id, context.apply('relu', [context.apply('neg', [x.id])])]);
  return [{ id: context.apply('sub', [context.apply('relu', [x.id]), below]), element: x.element }];
}

export const elementwiseConversions: Readonly<Record<string, Conversion>> = {
  Add: direct('add'),
  Sub: direct('sub'),
  Mul: direct('mul'),
  Div: { convert: div },
  Mod: { convert: mod, flows: noOperand },
  Pow: { convert: pow, flows: (index) => index === 0 },
  Max: variadic('maximum'),
  Min: variadic('minimum'),
  Sum: variadic('add'),
  Mean: { convert: mean },
  Floor: rounded(Math.floor),
  Ceil: rounded(Math.ceil),
  Neg: direct('neg'),
  Abs: direct('abs'),
  Sign: direct('sign'),
  Exp: direct('exp'),
  Log: direct('log'),
  Sqrt: direct('sqrt'),
  Sin: direct('sin'),
  Cos: direct('cos'),
  Reciprocal: composite((context, x) => reciprocal(context.emit, x)),
  Relu: direct('relu'),
  Sigmoid: direct('sigmoid'),
  Tanh: direct('tanh'),
  Erf: direct('erf'),
  LeakyRelu: composite((context, x) => leakyRelu(context.emit, x, context.float('alpha', 0.01))),
  PRelu: { convert: prelu },
  Elu: composite((context, x) => elu(context, x, context.float('alpha', 1))),
  Selu: composite((context, x) => elu(context, x, context.float('alpha', 1.6732632), context.float('gamma', 1.050701))),
  Softplus: composite(softplus),
  Softsign: composite((context, x) =>
    context.apply('div', [x, context.apply('add', [context.apply('abs', [x]), context.fill(1)])]),
  ),
  HardSigmoid: composite((context, x) =>
    hardSigmoid(context.emit, x, { slope: context.float('alpha', 0.2), offset: context.float('beta', 0.5) }),
  ),
  HardSwish: composite((context, x) => hardSwish(context.emit, x)),
  Clip: { convert: clip, flows: (index) => index === 0 },
  Equal: compare('equal'),
  Less: compare('less'),
  LessOrEqual: compare('lessOrEqual'),
  Greater: compare('less', true),
  GreaterOrEqual: compare('lessOrEqual', true),
  Not: logical('not'),
  And: logical('and'),
  Or: logical('or'),
  Where: { convert: where, flows: (index) => index > 0 },
};
