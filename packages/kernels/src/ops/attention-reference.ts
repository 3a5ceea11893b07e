/** The float64 meaning of attention and its gradients, row by row of the probabilities that no kernel stores. */
import { flag, number } from '../graph/attributes.ts';
import type { TensorType } from '../graph/graph.ts';
import type { ReferenceCall, TypedCall } from '../graph/op.ts';
import { elements } from './shape.ts';

export interface AttentionSizes {
  readonly batch: number;
  /** Query heads, and key heads. */
  readonly heads: number;
  readonly groups: number;
  /** Query heads a key head. */
  readonly repeat: number;
  /** Query rows and key rows of a head. */
  readonly n: number;
  readonly m: number;
  /** Elements of a row. */
  readonly d: number;
}

/** Sizes of a legal call: queries are its first operand, keys its second. */
export function attentionSizes([q, k]: readonly TensorType[]): AttentionSizes {
  const [batch = 1, heads = 1, n = 1, d = 1] = q?.shape ?? [];
  const [, groups = 1, m = 1] = k?.shape ?? [];
  return { batch, heads, groups, repeat: heads / groups, n, m, d };
}

/** A row of one head's probabilities. */
export interface AttentionRow {
  /** Among all rows, batch and heads included. */
  readonly index: number;
  /** First element of its query, and of the first key of its head. */
  readonly query: number;
  readonly key: number;
  /** Columns that it sees. */
  readonly visible: number;
  readonly d: number;
}

function* rowsOf({ inputs, attributes }: TypedCall): Generator<AttentionRow> {
  const { batch, heads, repeat, n, m, d } = attentionSizes(inputs);
  for (let head = 0; head < batch * heads; head++) {
    const key = Math.floor(head / repeat) * m * d;
    for (let i = 0; i < n; i++) {
      const visible = flag(attributes, 'causal') ? Math.min(i + 1, m) : m;
      yield { index: head * n + i, query: (head * n + i) * d, key, visible, d };
    }
  }
}

const none = new Float64Array();

export function dot(a: Float64Array, at: number, b: Float64Array, bt: number, d: number): number {
  let sum = 0;
  for (let c = 0; c < d; c++) sum += a[at + c]! * b[bt + c]!;
  return sum;
}

/** into[at …] += weight · from[ft …] */
function addRow(into: Float64Array, at: number, from: Float64Array, ft: number, d: number, weight: number): void {
  for (let c = 0; c < d; c++) into[at + c]! += weight * from[ft + c]!;
}

/** factor · q · kⱼ for the columns that a row sees. */
function scoresOf(
  { operands: [q = none, k = none], attributes }: ReferenceCall,
  { query, key, visible, d }: AttentionRow,
): Float64Array {
  const factor = number(attributes, 'factor');
  return Float64Array.from({ length: visible }, (_, j) => factor * dot(q, query, k, key + j * d, d));
}

function logSumOf(scores: Float64Array): number {
  const top = scores.reduce((a, b) => Math.max(a, b), -Infinity);
  return top + Math.log(scores.reduce((sum, score) => sum + Math.exp(score - top), 0));
}

export function attentionReference(call: ReferenceCall): Float64Array {
  const [, , v = none] = call.operands;
  const y = new Float64Array(elements(call.output.shape));
  for (const row of rowsOf(call)) {
    const scores = scoresOf(call, row);
    const logSum = logSumOf(scores);
    scores.forEach((score, j) => addRow(y, row.query, v, row.key + j * row.d, row.d, Math.exp(score - logSum)));
  }
  return y;
}

export function logSumReference(call: ReferenceCall): Float64Array {
  return Float64Array.from([...rowsOf(call)], (row) => logSumOf(scoresOf(call, row)));
}

/**
 * The gradients for q and k, operands q, k, v, y, dy, logSum: with p = exp(score − logSum) and ds = factor · p ⊙ (dy·v − dy·y),
 * dq = Σⱼ dsⱼ kⱼ and dkⱼ = Σ dsⱼ q.
 */
export const scoreGradientReference =
  (of: 'query' | 'key') =>
  (call: ReferenceCall): Float64Array => {
    const [q = none, k = none, v = none, y = none, dy = none, logSum = none] = call.operands;
    const result = new Float64Array(elements(call.output.shape));
    for (const row of rowsOf(call)) {
      const { index, query, key, d } = row;
      const delta = dot(y, query, dy, query, d);
      scoresOf(call, row).forEach((score, j) => {
        const at = key + j * d;
        const p = Math.exp(score - logSum[index]!);
        const ds = number(call.attributes, 'factor') * p * (dot(dy, query, v, at, d) - delta);
        if (of === 'query') addRow(result, query, k, at, d, ds);
        else addRow(result, at, q, query, d, ds);
      });
    }
    return result;
  };

/** Operands q, k, dy, logSum: dvⱼ = Σ pⱼ dy. */
export function valueGradientReference(call: ReferenceCall): Float64Array {
  const [, , dy = none, logSum = none] = call.operands;
  const result = new Float64Array(elements(call.output.shape));
  for (const row of rowsOf(call)) {
    const { index, query, key, d } = row;
    scoresOf(call, row).forEach((score, j) =>
      addRow(result, key + j * d, dy, query, d, Math.exp(score - logSum[index]!)),
    );
  }
  return result;
}
