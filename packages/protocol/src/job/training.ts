/** The `training` section: how many updates, of what size, by which optimizer. */
import { z } from 'zod';
import {
  decayRate,
  fraction,
  must,
  naturalNumber,
  nonNegativeNumber,
  positiveInteger,
  positiveNumber,
} from './fields.ts';

export const optimizerSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('adamw'),
    learningRate: positiveNumber.default(0.001),
    beta1: decayRate.default(0.9),
    beta2: decayRate.default(0.999),
    epsilon: positiveNumber.default(1e-8),
    /** Decoupled; applies to matrices, never to biases or norms. */
    weightDecay: nonNegativeNumber.default(0),
  }),
  z.strictObject({
    type: z.literal('sgd'),
    learningRate: positiveNumber.default(0.1),
    momentum: decayRate.default(0.9),
    nesterov: z.boolean(must('true or false')).default(false),
    weightDecay: nonNegativeNumber.default(0),
  }),
]);

/** Rounds over which the learning rate rises from 0 to its full value. */
const warmup = naturalNumber.default(0);
/** The last round's learning rate as a fraction of the full one. */
const final = fraction.default(0);

export const scheduleSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('constant'), warmup }),
  z.strictObject({ type: z.literal('cosine'), warmup, final }),
  z.strictObject({ type: z.literal('linear'), warmup, final }),
]);

/** Elements a bucket, unless the job says otherwise: 256 KiB of f32. */
export const DEFAULT_BUCKET_SIZE = 65_536;
const bucketWords = must('a multiple of 1024 from 1024 to 4194304');

/** What every replica must know to make the same update. */
export const updateFields = {
  rounds: positiveInteger.max(100_000_000, must('a positive integer of at most 100000000')),
  /** Samples of a micro-batch. */
  microBatch: positiveInteger.max(65_536, must('an integer from 1 to 65536')).default(32),
  /** Samples of a round over all members; a multiple of `microBatch`. */
  globalBatch: positiveInteger.max(16_777_216, must('an integer from 1 to 16777216')).default(256),
  optimizer: optimizerSchema.prefault({ type: 'adamw' }),
  schedule: scheduleSchema.prefault({ type: 'constant' }),
  /** Gradients of a greater global L2 norm are scaled down to it. */
  clipNorm: positiveNumber.optional(),
  /** `exact`: gradients have the same bits on every adapter, and audits compare bits. `fast`: as adapters do best. */
  numerics: z.enum(['fast', 'exact']).default('fast'),
  /** Elements of the unit of transfer and reduction. */
  bucketSize: z
    .number(bucketWords)
    .refine((size) => size % 1024 === 0 && size >= 1024 && size <= 4_194_304, bucketWords)
    .default(DEFAULT_BUCKET_SIZE),
};

export const trainingSpecSchema = z
  .strictObject({
    ...updateFields,
    /** `fixed`: equal shares in order of joining, repeatable to the bit. `adaptive`: shares follow measured speed. */
    assignment: z.enum(['fixed', 'adaptive']).default('adaptive'),
    /**
     * A lost worker's micro-batches are trained by the others in the same round, or by later rounds; `recompute` in exact
     * numerics unless given, `requeue` in fast ones.
     */
    onLoss: z.enum(['recompute', 'requeue']).optional(),
    /** Rounds between evaluations; 0 means at the end only. */
    evaluateEvery: naturalNumber.default(0),
    /** Rounds between checkpoints; 0 means at the end only. */
    checkpointEvery: naturalNumber.default(0),
  })
  .transform((training) => ({ ...training, onLoss: training.onLoss ?? onLossOf[training.numerics] }));

/** What is promised decides: the same bits in whatever membership, or the least delay. */
const onLossOf = { exact: 'recompute', fast: 'requeue' } as const;

export const resolvedTrainingSchema = z.strictObject(updateFields);

export type OptimizerSpec = z.infer<typeof optimizerSchema>;
export type ScheduleSpec = z.infer<typeof scheduleSchema>;
export type TrainingSpec = z.infer<typeof trainingSpecSchema>;
export type ResolvedTraining = z.infer<typeof resolvedTrainingSchema>;
