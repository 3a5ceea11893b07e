/** Builds a graph node by node; every call is checked when it is made, so an illegal graph cannot be finished. */
import { checkType, inferCall } from './check-call.ts';
import { GraphError } from './errors.ts';
import type { Attributes, Graph, GraphInput, GraphNode, GraphOutput, TensorType, ValueId } from './graph.ts';
import type { Emitter } from './op.ts';

export class GraphBuilder implements Emitter {
  readonly #inputs: GraphInput[] = [];
  readonly #nodes: GraphNode[] = [];
  readonly #outputs: GraphOutput[] = [];

  /** A builder that goes on where `graph` ends: value ids of `graph` stay valid, and its outputs are kept. */
  static from(graph: Graph): GraphBuilder {
    const builder = new GraphBuilder();
    builder.#inputs.push(...graph.inputs);
    builder.#nodes.push(...graph.nodes);
    builder.#outputs.push(...graph.outputs);
    return builder;
  }

  /** Declares a graph input; all inputs come before the first node. */
  input(name: string, type: TensorType, role: GraphInput['role']): ValueId {
    const place = `input "${name}"`;
    checkType(type, { op: 'graph', place });
    if (this.#nodes.length > 0) {
      throw new GraphError({ op: 'graph', place, problem: 'declared after a node', mend: 'Declare all inputs first.' });
    }
    if (this.#inputs.some((other) => other.name === name)) {
      throw new GraphError({ op: 'graph', place, problem: 'declared twice', mend: 'Give each input its own name.' });
    }
    return this.#inputs.push({ name, type, role }) - 1;
  }

  /** Appends one op call. @throws GraphError when it is illegal */
  apply(op: string, inputs: readonly ValueId[], attributes: Attributes = {}): ValueId {
    const place = `node ${this.#nodes.length}`;
    const output = inferCall({ op, place, attributes, inputs: inputs.map((value) => this.typeOf(value)) });
    return this.#inputs.length + this.#nodes.push({ op, inputs: [...inputs], attributes, output }) - 1;
  }

  /** Names a value as an output of the graph; outputs keep the order in which they are named. */
  output(name: string, value: ValueId): void {
    this.typeOf(value);
    if (this.#outputs.some((other) => other.name === name)) {
      throw new GraphError({
        op: 'graph',
        place: `output "${name}"`,
        problem: 'named twice',
        mend: 'Give each output its own name.',
      });
    }
    this.#outputs.push({ name, value });
  }

  typeOf(value: ValueId): TensorType {
    const type = this.#inputs[value]?.type ?? this.#nodes[value - this.#inputs.length]?.output;
    if (type) return type;
    throw new GraphError({
      op: 'graph',
      place: `value ${value}`,
      problem: 'there is no such value',
      mend: 'Use ids that this builder returned.',
    });
  }

  /** The node that makes a value; undefined for a graph input. */
  nodeOf(value: ValueId): GraphNode | undefined {
    return this.#nodes[value - this.#inputs.length];
  }

  shapeOf(value: ValueId): readonly number[] {
    return this.typeOf(value).shape;
  }

  /** The graph so far; the builder may go on. */
  build(): Graph {
    return { inputs: [...this.#inputs], nodes: [...this.#nodes], outputs: [...this.#outputs] };
  }
}
