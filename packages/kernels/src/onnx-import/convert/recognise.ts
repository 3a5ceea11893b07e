/**
 * Puts together what exporters take apart: exact GELU, layer norms, causal masks and attention become the ops that have
 * kernels of their own. The same function up to rounding. Rules look at a node and what feeds it, as those of `simplify`.
 */
import { flag, naturals, number } from '../../graph/attributes.ts';
import type { Graph, GraphNode, ValueId } from '../../graph/graph.ts';
import type { Known, Rule, RuleTable } from '../../graph/simplify.ts';
import { elements, sameShape } from '../../ops/shape.ts';
import type { ConstantTensor, Numbers } from './recorder.ts';

const operand = ({ inputs }: GraphNode, index: number): ValueId => inputs[index] ?? -1;

/** The node behind a value, if it is a call of `op`. */
function callOf(value: ValueId, op: string, { nodeOf }: Known): GraphNode | null {
  const node = nodeOf(value);
  return node?.op === op ? node : null;
}

/** The number that a value is filled with. */
function filled(value: ValueId, known: Known): number | null {
  const node = callOf(value, 'fill', known);
  return node === null ? null : number(node.attributes, 'value');
}

const close = (value: number, to: number): boolean => Math.abs(value - to) <= 1e-6 * Math.abs(to);

/** Both orders of a commutative call's operands. */
const orders = (node: GraphNode): readonly (readonly [ValueId, ValueId])[] => [
  [operand(node, 0), operand(node, 1)],
  [operand(node, 1), operand(node, 0)],
];

/** x times a number is a scale of x. */
const scales: Rule = (node, known) => {
  for (const [x, factor] of orders(node)) {
    const value = filled(factor, known);
    if (value !== null && sameShape(known.typeOf(x).shape, node.output.shape))
      return { ...node, op: 'scale', inputs: [x], attributes: { factor: value } };
  }
  return null;
};

const dividesByNumber: Rule = (node, known) => {
  const value = filled(operand(node, 1), known);
  const factor = 1 / (value ?? 0);
  if (value === null || !Number.isFinite(factor) || !sameShape(known.typeOf(operand(node, 0)).shape, node.output.shape))
    return null;
  return { ...node, op: 'scale', inputs: [operand(node, 0)], attributes: { factor } };
};

/** A scale of a scale is one scale. */
const scalesOnce: Rule = (node, known) => {
  const before = callOf(operand(node, 0), 'scale', known);
  if (before === null) return null;
  const factor = number(node.attributes, 'factor') * number(before.attributes, 'factor');
  return { ...node, inputs: before.inputs, attributes: { factor } };
};

/** x of 1 + erf(x / √2). */
function errorOf(value: ValueId, known: Known): ValueId | null {
  const sum = callOf(value, 'add', known);
  if (sum === null) return null;
  for (const [erf, one] of orders(sum)) {
    const scaled = callOf(operand(callOf(erf, 'erf', known) ?? sum, 0), 'scale', known);
    if (filled(one, known) === 1 && scaled !== null && close(number(scaled.attributes, 'factor'), Math.SQRT1_2))
      return callOf(erf, 'erf', known) === null ? null : operand(scaled, 0);
  }
  return null;
}

/** ½ · (x · (1 + erf(x / √2))). */
const geluByHalf: Rule = (node, known) => {
  const product = callOf(operand(node, 0), 'mul', known);
  if (product === null || number(node.attributes, 'factor') !== 0.5) return null;
  for (const [x, error] of orders(product))
    if (errorOf(error, known) === x) return { ...node, op: 'geluErf', inputs: [x], attributes: {} };
  return null;
};

/** (½ · x) · (1 + erf(x / √2)). */
const geluOfHalf: Rule = (node, known) => {
  for (const [half, error] of orders(node)) {
    const scaled = callOf(half, 'scale', known);
    const x = scaled === null ? -1 : operand(scaled, 0);
    if (scaled !== null && number(scaled.attributes, 'factor') === 0.5 && errorOf(error, known) === x)
      return { ...node, op: 'geluErf', inputs: [x], attributes: {} };
  }
  return null;
};

/** x of the mean of x over the last axis, which is kept. */
function meanOf(value: ValueId, known: Known): ValueId | null {
  const scaled = callOf(value, 'scale', known);
  const sum = scaled && callOf(operand(scaled, 0), 'reduceSum', known);
  if (!scaled || !sum || !flag(sum.attributes, 'keepDims')) return null;
  const { shape } = known.typeOf(operand(sum, 0));
  const axes = naturals(sum.attributes, 'axes');
  const last = axes.length === 1 && axes[0] === shape.length - 1;
  return last && close(number(scaled.attributes, 'factor'), 1 / (shape.at(-1) ?? 1)) ? operand(sum, 0) : null;
}

/** x − mean(x). */
function isCentred(value: ValueId, known: Known): ValueId | null {
  const difference = callOf(value, 'sub', known);
  return difference && meanOf(operand(difference, 1), known) === operand(difference, 0) ? operand(difference, 0) : null;
}

/** x and epsilon of (x − mean) / √(mean((x − mean)²) + epsilon). */
function normalised(value: ValueId, known: Known): { x: ValueId; epsilon: number } | null {
  const quotient = callOf(value, 'div', known);
  const root = quotient && callOf(operand(quotient, 1), 'sqrt', known);
  const sum = root && callOf(operand(root, 0), 'add', known);
  if (!quotient || !sum) return null;
  const centred = operand(quotient, 0);
  const x = isCentred(centred, known);
  for (const [variance, added] of orders(sum)) {
    const square = callOf(meanOf(variance, known) ?? -1, 'mul', known);
    const epsilon = filled(added, known);
    if (x !== null && epsilon !== null && epsilon > 0 && square?.inputs.every((side) => side === centred))
      return { x, epsilon };
  }
  return null;
}

/** normalised(x) · gain + bias, both along the last axis. */
const layerNorm: Rule = (node, known) => {
  for (const [product, bias] of orders(node)) {
    const scaled = callOf(product, 'mul', known);
    for (const [value, gain] of scaled ? orders(scaled) : []) {
      const found = normalised(value, known);
      const features = [node.output.shape.at(-1) ?? 1];
      const fits = [gain, bias].every((side) => sameShape(known.typeOf(side).shape, features));
      if (found !== null && fits)
        return { ...node, op: 'layerNorm', inputs: [found.x, gain, bias], attributes: { epsilon: found.epsilon } };
    }
  }
  return null;
};

/** Numbers this low are −∞ to a softmax. */
const HIDDEN = -1e4;

type Constants = (value: ValueId) => Numbers | null;

/** Whether the last two axes of a mask [1, …, n, n] are `below` on and below the diagonal and `above` right of it. */
function isTriangle(
  shape: readonly number[],
  values: Numbers,
  below: (value: number) => boolean,
  above: (value: number) => boolean,
): boolean {
  const [rows = 0, columns = 0] = shape.slice(-2);
  if (rows !== columns || rows < 2 || elements(shape) !== rows * columns) return false;
  return values.every((value, at) => (at % columns > Math.floor(at / columns) ? above(value) : below(value)));
}

/** The scores under a causal mask: where(mask, scores, low), where(mask, low, scores) or scores + mask. */
function unmasked(value: ValueId, known: Known, constants: Constants): ValueId | null {
  const { shape } = known.typeOf(value);
  const fits = (
    scores: ValueId,
    mask: ValueId,
    below: (v: number) => boolean,
    above: (v: number) => boolean,
  ): boolean => {
    const values = constants(mask);
    return (
      values !== null &&
      sameShape(known.typeOf(scores).shape, shape) &&
      isTriangle(known.typeOf(mask).shape, values, below, above)
    );
  };
  const select = callOf(value, 'where', known);
  if (select !== null) {
    const [condition, a, b] = [operand(select, 0), operand(select, 1), operand(select, 2)];
    const mask = operand(callOf(condition, 'toI32', known) ?? select, 0);
    const [keep, hide] = [(v: number) => v !== 0, (v: number) => v === 0];
    if (condition !== mask && (filled(b, known) ?? 0) <= HIDDEN && fits(a, mask, keep, hide)) return a;
    if (condition !== mask && (filled(a, known) ?? 0) <= HIDDEN && fits(b, mask, hide, keep)) return b;
    return null;
  }
  const sum = callOf(value, 'add', known);
  for (const [scores, mask] of sum ? orders(sum) : [])
    if (
      fits(
        scores,
        mask,
        (v) => v === 0,
        (v) => v <= HIDDEN,
      )
    )
      return scores;
  return null;
}

const causalSoftmax =
  (constants: Constants): Rule =>
  (node, known) => {
    if (flag(node.attributes, 'causal')) return null;
    const scores = unmasked(operand(node, 0), known, constants);
    return scores === null ? null : { ...node, inputs: [scores], attributes: { ...node.attributes, causal: true } };
  };

/** softmax(factor · x): the op has a factor of its own. */
const scaledSoftmax: Rule = (node, known) => {
  const scaled = callOf(operand(node, 0), 'scale', known);
  if (scaled === null) return null;
  const factor = number(node.attributes, 'factor') * number(scaled.attributes, 'factor');
  return { ...node, inputs: scaled.inputs, attributes: { ...node.attributes, factor } };
};

/** softmax(factor · q kᵀ) v by heads. */
const attention: Rule = (node, known) => {
  const weights = callOf(operand(node, 0), 'softmax', known);
  const scores = weights && callOf(operand(weights, 0), 'matmul', known);
  if (!weights || !scores || flag(node.attributes, 'transposeA') || flag(node.attributes, 'transposeB')) return null;
  if (flag(scores.attributes, 'transposeA') || !flag(scores.attributes, 'transposeB')) return null;
  const [q, k, v] = [operand(scores, 0), operand(scores, 1), operand(node, 1)];
  const shapes = [q, k, v].map((value) => known.typeOf(value).shape);
  const [batch, heads] = shapes[0] ?? [];
  if (!shapes.every((shape) => shape.length === 4 && shape[0] === batch && shape[1] === heads)) return null;
  return { ...node, op: 'attention', inputs: [q, k, v], attributes: weights.attributes };
};

/** The rules for a graph whose constant parameters are known. */
export function recognitions({ inputs }: Graph, constants: readonly ConstantTensor[]): RuleTable {
  const known = new Map(constants.map(({ name, values }) => [name, values]));
  const valuesOf: Constants = (value) => known.get(inputs[value]?.name ?? '') ?? null;
  return {
    mul: [scales, geluOfHalf],
    div: [dividesByNumber],
    scale: [scalesOnce, geluByHalf],
    add: [layerNorm],
    softmax: [causalSoftmax(valuesOf), scaledSoftmax],
    matmul: [attention],
  };
}

/** The graph without inputs that nothing reads: masks that became attributes, for one. */
export function withoutIdleInputs(graph: Graph): Graph {
  const read = new Set([...graph.nodes.flatMap(({ inputs }) => inputs), ...graph.outputs.map(({ value }) => value)]);
  const kept = graph.inputs.map((_, value) => value).filter((value) => read.has(value));
  const renamed = new Map(kept.map((value, at) => [value, at]));
  const rename = (value: ValueId): ValueId => renamed.get(value) ?? value - graph.inputs.length + kept.length;
  return {
    inputs: kept.flatMap((value) => graph.inputs[value] ?? []),
    nodes: graph.nodes.map((node) => ({ ...node, inputs: node.inputs.map(rename) })),
    outputs: graph.outputs.map(({ name, value }) => ({ name, value: rename(value) })),
  };
}
