/**
 * A job with nothing left open: what the coordinator sends in `welcome.job`, and all that a worker knows of it. A worker
 * checks it as it checks any message: it comes from a stranger.
 */
import { z } from 'zod';
import { MurmurationError } from '../core/errors.ts';
import { resolvedSourceSchema } from './data.ts';
import type { ResolvedSource } from './data.ts';
import { positiveInteger, seedNumber } from './fields.ts';
import { gatedWidth, resolvedModelSchema } from './model.ts';
import type { ResolvedModel, ResolvedOnnxModel } from './model.ts';
import { auditSpecSchema } from './operations.ts';
import type { JobSpec } from './spec.ts';
import { resolvedTrainingSchema } from './training.ts';

export const resolvedJobSchema = z
  .strictObject({
    name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/),
    seed: seedNumber,
    model: resolvedModelSchema,
    data: z.strictObject({
      train: resolvedSourceSchema,
      eval: resolvedSourceSchema,
      /** Samples of each source: positions of the sample order run over them. */
      trainSamples: positiveInteger,
      evalSamples: positiveInteger,
    }),
    training: resolvedTrainingSchema,
    audit: auditSpecSchema,
    /** Milliseconds of silence after which a peer is lost. */
    failureTimeout: positiveInteger,
  })
  .refine(({ training }) => training.globalBatch % training.microBatch === 0, {
    error: 'globalBatch is not a multiple of microBatch',
  })
  .refine(({ model, training }) => model.type !== 'onnx' || model.batch === training.microBatch, {
    error: 'the graphs are made for another micro-batch',
  })
  .refine(({ model }) => model.type !== 'resnet' || model.blocks.length === model.widths.length, {
    error: 'blocks and widths differ in length',
  })
  .refine(({ model }) => model.type !== 'gpt' || model.width % model.heads === 0, {
    error: 'width is not a multiple of heads',
  })
  .refine(({ model }) => model.type !== 'llama' || model.width % (2 * model.heads) === 0, {
    error: 'width is not a multiple of twice heads',
  })
  .refine(({ model }) => model.type !== 'llama' || model.heads % model.kvHeads === 0, {
    error: 'kvHeads does not divide heads',
  });

/** What a worker needs to know of a job. */
export type ResolvedJob = z.infer<typeof resolvedJobSchema>;

/** What only the data files can tell. */
export interface DataFacts {
  readonly train: ResolvedSource;
  readonly eval: ResolvedSource;
  readonly trainSamples: number;
  readonly evalSamples: number;
  /** Shape of one image of an idx source, `[channels, height, width]`. */
  readonly image?: readonly [number, number, number];
  /** Classes of an idx source: the greatest label + 1. */
  readonly classes?: number;
  /** Tokens of a text source's tokenizer. */
  readonly vocabulary?: number;
  /** What the model's file says, where the model comes from one. */
  readonly onnx?: ResolvedOnnxModel;
}

/** The model's numbers and the data's don't fit together, or the job is no job. */
export class JobResolutionError extends MurmurationError {
  readonly code = 'JOB_RESOLUTION';
  /** The field of the job that is wrong. */
  readonly path: readonly string[];

  constructor({ path, message, cause }: { path: readonly string[]; message: string; cause?: unknown }) {
    super({
      message: `${path.join('.')} ${message}.`,
      mend: 'Change the field, or leave it out to take what the data says.',
      cause,
    });
    this.path = path;
  }
}

/** The number that the job states must be the data's; one of the two must know it. */
function agree(path: readonly string[], stated: number | undefined, found: number | undefined): number {
  if (stated !== undefined && found !== undefined && stated !== found) {
    throw new JobResolutionError({ path, message: `is ${stated}, but the data has ${found}` });
  }
  return stated ?? found ?? unknownField(path, 'is not known from the data');
}

function unknownField(path: readonly string[], message: string): never {
  throw new JobResolutionError({ path, message });
}

/** Outputs may exceed the classes seen (a rare class can be absent), never fall short of them. */
function outputsOf(stated: number | undefined, classes: number | undefined): number {
  if (stated !== undefined && classes !== undefined && stated < classes) {
    throw new JobResolutionError({
      path: ['model', 'outputs'],
      message: `is ${stated}, but the data has ${classes} classes`,
    });
  }
  return agree(['model', 'outputs'], stated ?? classes, undefined);
}

function resolveModel({ model: stated }: JobSpec, facts: DataFacts): ResolvedModel {
  if (stated.type === 'onnx') {
    const { onnx = unknownField(['model', 'path'], 'is a file that was not read') } = facts;
    return stated.lora ? { ...onnx, lora: stated.lora } : onnx;
  }
  const { weights: _weights, ...model } = stated;
  if (model.type === 'mlp') {
    const pixels = facts.image?.reduce((product, side) => product * side, 1);
    return {
      ...model,
      inputs: agree(['model', 'inputs'], model.inputs, pixels),
      outputs: outputsOf(model.outputs, facts.classes),
    };
  }
  if (model.type === 'convnet' || model.type === 'resnet') {
    const side = (axis: 0 | 1 | 2): number =>
      agree(['model', 'input', String(axis)], model.input?.[axis], facts.image?.[axis]);
    return { ...model, input: [side(0), side(1), side(2)], outputs: outputsOf(model.outputs, facts.classes) };
  }
  const window = facts.train.type === 'text' ? facts.train.block : undefined;
  const text = {
    vocab: agree(['model', 'vocab'], model.vocab, facts.vocabulary),
    block: agree(['model', 'block'], model.block, window),
  };
  if (model.type === 'gpt') return { ...model, ...text };
  return { ...model, ...text, kvHeads: model.kvHeads ?? model.heads, inner: model.inner ?? gatedWidth(model.width) };
}

/**
 * Fills in what the data decides.
 * @throws JobResolutionError naming the field that the data contradicts
 */
export function resolveJob(spec: JobSpec, facts: DataFacts): ResolvedJob {
  const {
    assignment: _assignment,
    onLoss: _onLoss,
    evaluateEvery: _evaluateEvery,
    checkpointEvery: _checkpointEvery,
    ...training
  } = spec.training;
  return {
    name: spec.name,
    seed: spec.seed,
    model: resolveModel(spec, facts),
    data: { train: facts.train, eval: facts.eval, trainSamples: facts.trainSamples, evalSamples: facts.evalSamples },
    training,
    audit: spec.audit,
    failureTimeout: spec.network.failureTimeout,
  };
}

/**
 * Checks what a coordinator calls a job.
 * @throws JobResolutionError naming the first field that is wrong
 */
export function parseResolvedJob(value: unknown): ResolvedJob {
  const parsed = resolvedJobSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new JobResolutionError({
    path: ['job', ...(issue?.path ?? []).map(String)],
    message: issue?.message ?? 'is not valid',
    cause: parsed.error,
  });
}
