/** A plan in words. */
import { byteSize, figure, scaled, seconds, tokens } from '@murmuration/protocol/dashboard';
import type { ResolvedModel } from '@murmuration/protocol/job';
import type { LoadedJob } from './load-job.ts';
import type { Measured } from './measured.ts';
import type { RunPlan } from './plan.ts';

/** `mlp 784-128-10, relu` */
export function describeModel(model: ResolvedModel): string {
  if (model.type === 'mlp')
    return `mlp ${[model.inputs, ...model.hidden, model.outputs].join('-')}, ${model.activation}`;
  if (model.type === 'convnet') {
    return `convnet on ${model.input.join('×')}, channels ${model.channels.join('-')}, kernel ${model.kernel}, dense ${[...model.hidden, model.outputs].join('-')}, ${model.activation}`;
  }
  if (model.type === 'resnet')
    return `resnet on ${model.input.join('×')}, ${model.stem} stem, blocks ${model.blocks.join('-')}, widths ${model.widths.join('-')}, ${model.outputs} classes`;
  if (model.type === 'onnx') {
    const trained = model.parameters.filter(({ update }) => update === 'optimizer').length;
    return `onnx file on ${model.input.shape.join('×')}, ${model.train.nodes.length} ops, ${trained} of ${model.parameters.length} tensors trained, ${model.loss}`;
  }
  const heads = model.type === 'llama' ? `${model.heads} heads over ${model.kvHeads}` : `${model.heads} heads`;
  return `${model.type} of ${model.layers} layers, ${heads}, width ${model.width}, block ${model.block}, vocabulary ${model.vocab}`;
}

function describeCost({ spec: { payment } }: LoadedJob, plan: RunPlan): string {
  if (payment === 'none') return 'nothing is paid';
  return `at most ${tokens(plan.costWei)} tokens (${tokens(plan.costPerRoundWei)} a round, settled every ${payment.epochRounds} rounds); the budget is ${tokens(payment.budget)}`;
}

const parametersInWords = ({ parameters, layout: { trained } }: RunPlan): string =>
  trained === parameters ? figure(parameters) : `${figure(trained)} of ${figure(parameters)} trained,`;

/** What the job promises of its outcome. */
function describeNumerics({ spec: { training } }: LoadedJob): string {
  const outcome =
    training.numerics === 'exact' && training.onLoss === 'recompute'
      ? 'the same final state to the bit, whoever takes part'
      : 'the final state depends on who takes part';
  const lost = training.onLoss === 'recompute' ? 'the others in the same round' : 'later rounds';
  return `${training.numerics}; ${outcome}; a lost worker’s share is trained by ${lost}`;
}

const describeTime = (rounds: number, measured: Measured | null): string =>
  measured === null
    ? 'not known before a first run'
    : `about ${seconds(measured.secondsPerRound * rounds)}, as fast as ${measured.runId}`;

/** One line a figure, aligned. */
export function describePlan(loaded: LoadedJob, plan: RunPlan, measured: Measured | null): string[] {
  const { spec, job, datasets } = loaded;
  const { rounds, microBatch, globalBatch, optimizer } = job.training;
  const rows: [string, string][] = [
    ['job', spec.name],
    ['model', describeModel(job.model)],
    [
      'parameters',
      `${parametersInWords(plan)} in ${plan.buckets} buckets; ${byteSize(plan.stateBytes)} with the state of ${optimizer.type}`,
    ],
    ['data', datasets.train.describe()],
    ['held out', datasets.eval.describe()],
    [
      'rounds',
      `${figure(rounds)} of ${figure(globalBatch)} samples, ${plan.microBatchesPerRound} micro-batches of ${microBatch}; ${figure(plan.passes)} passes over the data`,
    ],
    ['numerics', describeNumerics(loaded)],
    ['compute', `${scaled(plan.flopsPerRound)}FLOP a round, ${scaled(plan.flopsPerRound * rounds)}FLOP in all`],
    [
      'network',
      `${byteSize(plan.bytesPerRoundAndWorker)} sent and received by each of ${plan.workers} workers in a round`,
    ],
    ['cost', describeCost(loaded, plan)],
    ['time', describeTime(rounds, measured)],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
}
