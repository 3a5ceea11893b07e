/** From a model spec to all that a backend needs: the three graphs of one model at one micro-batch size. */
import { GraphBuilder } from '../graph/builder.ts';
import { GraphError } from '../graph/errors.ts';
import { GRADIENT_PREFIX, withGradients } from '../graph/gradient.ts';
import type { Graph, ValueId } from '../graph/graph.ts';
import { DEFAULT_BUCKET_SIZE } from '../graph/parameter-layout.ts';
import { simplify } from '../graph/simplify.ts';
import type { StepProgram } from '../graph/step-program.ts';
import { verifyGraph } from '../graph/verify.ts';
import type { Layer, Training } from './layer.ts';
import { type Model, modelOf } from './model.ts';
import { type Loss, objectives, type Predictions } from './objective.ts';
import { checkCount, layoutOf } from './parameters.ts';
import type { ModelSpec } from './spec.ts';

/**
 * A sample's loss is the mean over its predictions.
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

/** What sets the train graph and the evaluate graph apart. */
interface Outputs {
  readonly training: boolean;
  make(predictions: Predictions, loss: Loss): void;
}

function forward(model: Model, batch: number, outputs: Outputs): Graph {
  const builder = new GraphBuilder();
  const parameter = declareParameters(builder, model.body);
  const { input, labels, loss = 'crossEntropy' } = model;
  const x = builder.input(input.name, { dtype: input.dtype, shape: [batch, ...input.shape] }, 'data');
  const y = labels.name === input.name ? x : declareLabels(builder, model, batch);
  const seed =
    outputs.training && model.body.random ? builder.input('seed', { dtype: 'i32', shape: [2] }, 'data') : null;
  const weight = builder.input('weight', { dtype: 'f32', shape: [batch] }, 'data');
  const training = outputs.training ? trainingScope(builder, weight, seed) : null;
  const output = model.body.apply({ emit: builder, batch, parameter, training }, x);
  outputs.make({ builder, output, labels: y, weight }, loss);
  return builder.build();
}

const declareLabels = (
  builder: GraphBuilder,
  { labels: { name, shape, dtype = 'i32' } }: Model,
  batch: number,
): ValueId => builder.input(name, { dtype, shape: [batch, ...shape] }, 'data');

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

const outputLoss = (predictions: Predictions, loss: Loss): void =>
  predictions.builder.output('loss', objectives[loss].loss(predictions));

const train: Outputs = { training: true, make: outputLoss };

const evaluate: Outputs = {
  training: false,
  make: (predictions, loss) => {
    const { builder } = predictions;
    outputLoss(predictions, loss);
    builder.output('correct', objectives[loss].correct(predictions));
    builder.output('predictions', objectives[loss].count(predictions));
  },
};

function inferGraph(model: Model, batch: number): Graph {
  const builder = new GraphBuilder();
  const parameter = declareParameters(builder, model.body);
  const { input, labels, classes, output = [...labels.shape, classes] } = model;
  const x = builder.input(input.name, { dtype: input.dtype, shape: [batch, ...input.shape] }, 'data');
  const logits = model.body.apply({ emit: builder, batch, parameter, training: null }, x);
  builder.output('logits', builder.apply('reshape', [logits], { shape: [batch, ...output] }));
  return builder.build();
}
