/** From a model spec to all that a backend needs: the three graphs of one model at one micro-batch size. */
import { GraphBuilder } from '../graph/builder.ts';
import { GraphError } from '../graph/errors.ts';
import { GRADIENT_PREFIX, withGradients } from '../graph/gradient.ts';
import type { Graph, ValueId } from '../graph/graph.ts';
import { DEFAULT_BUCKET_SIZE } from '../graph/parameter-layout.ts';
import { simplify } from '../graph/simplify.ts';
import type { StepProgram } from '../graph/step-program.ts';
import { verifyGraph } from '../graph/verify.ts';
import { elements } from '../ops/shape.ts';
import type { Layer, Training } from './layer.ts';
import { type Model, modelOf } from './model.ts';
import { checkCount, layoutOf } from './parameters.ts';
import type { ModelSpec } from './spec.ts';

/**
 * A sample's loss is the mean over its predictions, in nats.
 * @throws GraphError naming the field of a spec that can't be built
 */
export function buildStepProgram(
  spec: ModelSpec,
  batch: number,
  bucketSize: number = DEFAULT_BUCKET_SIZE,
): StepProgram {
  checkCount('batch', batch);
  const model = modelOf(spec);
  return {
    batch,
    layout: layoutOf(model, bucketSize),
    train: verifyGraph(withGradients(forward(model, batch, train), 'loss', { frozen: frozenNames(model) })),
    evaluate: verifyGraph(simplify(forward(model, batch, evaluate))),
    infer: verifyGraph(simplify(inferGraph(model, batch))),
  };
}

const frozenNames = ({ body }: Model): ReadonlySet<string> =>
  new Set(body.parameters.flatMap(({ name, update }) => (update === 'frozen' ? [name] : [])));

/** Declares the parameters as inputs and returns their values by name. */
function declareParameters(builder: GraphBuilder, { parameters }: Layer): (name: string) => ValueId {
  const values = new Map(
    parameters.map(({ name, shape }) => [name, builder.input(name, { dtype: 'f32', shape }, 'parameter')]),
  );
  return (name) => values.get(name) ?? undeclared(name);
}

function undeclared(name: string): never {
  throw new GraphError({
    op: 'model',
    place: `parameter "${name}"`,
    problem: 'no layer declares it',
    mend: 'Declare it in the layer that owns it.',
  });
}

/** What the two outputs-makers see: logits, labels and weights, flat over predictions. */
interface Predictions {
  readonly builder: GraphBuilder;
  /** [n, classes] */
  readonly logits: ValueId;
  /** i32 [n] */
  readonly labels: ValueId;
  /** [n]: the weight of the sample that a prediction belongs to. */
  readonly weight: ValueId;
  /** [n]: that weight over the sample's number of predictions. */
  readonly lossWeight: ValueId;
}

/** What sets the train graph and the evaluate graph apart. */
interface Outputs {
  readonly training: boolean;
  make(predictions: Predictions): void;
}

function forward(model: Model, batch: number, outputs: Outputs): Graph {
  const builder = new GraphBuilder();
  const parameter = declareParameters(builder, model.body);
  const { input, labels } = model;
  const x = builder.input(input.name, { dtype: input.dtype, shape: [batch, ...input.shape] }, 'data');
  const y = builder.input(labels.name, { dtype: 'i32', shape: [batch, ...labels.shape] }, 'data');
  const seed =
    outputs.training && model.body.random ? builder.input('seed', { dtype: 'i32', shape: [2] }, 'data') : null;
  const sampleWeight = builder.input('weight', { dtype: 'f32', shape: [batch] }, 'data');
  const perSample = elements(labels.shape);
  const weight = repeatEach(builder, sampleWeight, perSample);
  const training = outputs.training ? trainingScope(builder, sampleWeight, seed) : null;
  outputs.make({
    builder,
    logits: model.body.apply({ emit: builder, batch, parameter, training }, x),
    labels: builder.apply('reshape', [y], { shape: [batch * perSample] }),
    weight,
    lossWeight: builder.apply('scale', [weight], { factor: 1 / perSample }),
  });
  return builder.build();
}

/** [n] → [n·times], each element repeated in place. */
function repeatEach(builder: GraphBuilder, value: ValueId, times: number): ValueId {
  const [count = 1] = builder.shapeOf(value);
  const column = builder.apply('reshape', [value], { shape: [count, 1] });
  const wide = builder.apply('broadcast', [column], { shape: [count, times] });
  return builder.apply('reshape', [wide], { shape: [count * times] });
}

/** Statistics become outputs in the place of gradients, times Σ weight: drained sums are divided by the samples. */
function trainingScope(builder: GraphBuilder, weight: ValueId, seed: ValueId | null): Training {
  let stream = 0;
  return {
    weight,
    statistic: (name, change) => {
      const samples = builder.apply('reduceSum', [weight], { axes: [0], keepDims: false });
      builder.output(`${GRADIENT_PREFIX}${name}`, builder.apply('mul', [change, samples]));
    },
    dropout: (x, rate) =>
      seed === null ? unseeded() : builder.apply('dropout', [x, seed], { rate, stream: stream++ }),
  };
}

function unseeded(): never {
  throw new GraphError({
    op: 'dropout',
    place: 'model',
    problem: 'the train graph has no seed',
    mend: 'Mark the layer that drops elements, and each that holds it, as random.',
  });
}

const outputLoss = ({ builder, logits, labels, lossWeight }: Predictions): void =>
  builder.output('loss', builder.apply('crossEntropy', [logits, labels, lossWeight]));

const train: Outputs = { training: true, make: outputLoss };

const evaluate: Outputs = {
  training: false,
  make: (predictions) => {
    const { builder, logits, labels, weight } = predictions;
    outputLoss(predictions);
    builder.output('correct', builder.apply('countCorrect', [logits, labels, weight]));
    builder.output('predictions', builder.apply('reduceSum', [weight], { axes: [0], keepDims: false }));
  },
};

function inferGraph(model: Model, batch: number): Graph {
  const builder = new GraphBuilder();
  const parameter = declareParameters(builder, model.body);
  const { input, labels, classes } = model;
  const x = builder.input(input.name, { dtype: input.dtype, shape: [batch, ...input.shape] }, 'data');
  const logits = model.body.apply({ emit: builder, batch, parameter, training: null }, x);
  builder.output('logits', builder.apply('reshape', [logits], { shape: [batch, ...labels.shape, classes] }));
  return builder.build();
}
