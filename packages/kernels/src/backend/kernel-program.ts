/**
 * Any graph as a step program, for whoever wants to time it on a backend: operands are parameters, loaded once, and an
 * evaluation runs the graph and adds up its first output, which costs little beside a product.
 */
import { GraphBuilder } from '../graph/builder.ts';
import type { Graph, ValueId } from '../graph/graph.ts';
import { layoutParameters } from '../graph/parameter-layout.ts';
import type { StepProgram } from '../graph/step-program.ts';

/** `graph` with its inputs as parameters, in which `finish` names the outputs, given the inputs and the outputs of `graph`. */
function withParameters(graph: Graph, finish: (builder: GraphBuilder, sum: ValueId) => void): Graph {
  const builder = new GraphBuilder();
  for (const { name, type } of graph.inputs) builder.input(name, type, 'parameter');
  for (const { op, inputs, attributes } of graph.nodes) builder.apply(op, inputs, attributes);
  const value = graph.outputs[0]?.value ?? 0;
  const axes = builder.typeOf(value).shape.map((_, axis) => axis);
  finish(builder, builder.apply('reduceSum', [value], { axes, keepDims: false }));
  return builder.build();
}

/** Its evaluation is what is meant to run; nothing of it can be trained. */
export function kernelProgram(graph: Graph): StepProgram {
  const slots = graph.inputs.map(({ name, type: { shape } }) => ({
    name,
    shape,
    decay: false,
    update: 'frozen' as const,
  }));
  const naming = (...names: string[]) =>
    withParameters(graph, (builder, sum) => names.forEach((name) => builder.output(name, sum)));
  return {
    batch: 1,
    layout: layoutParameters(slots),
    train: naming('loss'),
    evaluate: naming('loss', 'correct', 'predictions'),
    infer: naming('logits'),
  };
}
