/**
 * The conformance table made concrete: every case's operands are the same on every machine. A backend's suite runs each
 * case's graph and compares with the float64 interpreter.
 */
import { GraphBuilder } from '../graph/builder.ts';
import type { Attributes, Graph, TensorType } from '../graph/graph.ts';
import { interpret } from '../graph/interpret.ts';
import { initialise } from '../models/initialise.ts';
import type { ConformanceCase, Draw } from './conformance-cases.ts';
import { elements, f32, i32 } from './shape.ts';

export { type ConformanceCase, conformanceCases } from './conformance-cases.ts';

/** A case made concrete: a graph of one call, its feeds (f32 or i32 by the input's type), and the float64 result. */
export interface ConformanceInstance {
  /** Inputs `a`, `b`, `c`, … as data; output `y`. */
  readonly graph: Graph;
  readonly feeds: Readonly<Record<string, Float32Array | Int32Array>>;
  readonly expected: Float64Array;
}

/** The type of an operand. */
export const typeOf = (draw: Draw): TensorType => (draw.kind === 'ids' ? i32(draw.shape) : f32(draw.shape));
const operandName = (index: number): string => String.fromCharCode('a'.charCodeAt(0) + index);

/** Uniform f32 values in [0, 1), the same for one name everywhere. */
function uniforms(size: number, name: string): Float32Array {
  const values = new Float32Array(size);
  initialise(values, { kind: 'uniform', bound: 0.5 }, 0, name);
  return values.map((value) => value + 0.5);
}

function sample(draw: Exclude<Draw, { kind: 'resultOf' }>, name: string): Float32Array | Int32Array {
  const size = elements(draw.shape);
  switch (draw.kind) {
    case 'range':
      return uniforms(size, name).map((value) => draw.low + value * (draw.high - draw.low));
    case 'coarse':
      return uniforms(size, name).map((value) => Math.floor(value * 3) - 1);
    case 'ids':
      return Int32Array.from(uniforms(size, name), (value) => Math.floor(value * draw.below));
    default:
      return normals(size, name, draw.deviation);
  }
}

function normals(size: number, name: string, deviation: number): Float32Array {
  const values = new Float32Array(size);
  initialise(values, { kind: 'normal', deviation }, 0, name);
  return values;
}

/** A graph that calls `op` once on inputs `a`, `b`, … of the given types. */
function callGraph(op: string, types: readonly TensorType[], attributes: Attributes): Graph {
  const builder = new GraphBuilder();
  const inputs = types.map((type, index) => builder.input(operandName(index), type, 'data'));
  builder.output('y', builder.apply(op, inputs, attributes));
  return builder.build();
}

function resultOf(
  { op, attributes, operands = Infinity }: Extract<Draw, { kind: 'resultOf' }>,
  before: readonly Draw[],
  feeds: ConformanceInstance['feeds'],
): Float32Array {
  const graph = callGraph(op, before.slice(0, operands).map(typeOf), attributes);
  return Float32Array.from(interpret(graph, feeds)['y'] ?? []);
}

/** The type of a case's result. */
export const outputTypeOf = ({ op, operands, attributes }: Omit<ConformanceCase, 'name'>): TensorType =>
  callGraph(op, operands.map(typeOf), attributes).nodes[0]?.output ?? f32([]);

/** Draws a case's operands and computes its float64 result. */
export function instantiate({ op, name, operands, attributes }: ConformanceCase): ConformanceInstance {
  const feeds: Record<string, Float32Array | Int32Array> = {};
  operands.forEach((draw, index) => {
    feeds[operandName(index)] =
      draw.kind === 'resultOf' ? resultOf(draw, operands.slice(0, index), feeds) : sample(draw, `${name}/${index}`);
  });
  const graph = callGraph(op, operands.map(typeOf), attributes);
  return { graph, feeds, expected: interpret(graph, feeds)['y'] ?? new Float64Array() };
}
