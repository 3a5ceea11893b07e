/** What does not change while a run goes on, from its first entry. */
import { parameterLayout } from '@murmuration/kernels/graph';
import { figure } from '@murmuration/protocol/dashboard';
import type { RunHead } from '@murmuration/protocol/dashboard';
import { resolvedJobSchema, TOKEN_DECIMALS } from '@murmuration/protocol/job';
import type { ResolvedJob } from '@murmuration/protocol/job';
import type { RunTerms } from '@murmuration/protocol/projection';
import { runId } from '@murmuration/protocol';
import { z } from 'zod';
import { describeModel } from '../plan/describe.ts';
import { wireBytes } from '../plan/plan.ts';

export interface Run {
  readonly head: RunHead;
  readonly terms: RunTerms;
  /** Null where the journal carries a job that this program can't read. */
  readonly job: ResolvedJob | null;
}

/** Sizes of the model; null for a job that makes none. */
function sizesOf(job: ResolvedJob | null): { readonly parameters: number; readonly trained: number } | null {
  if (job === null) return null;
  try {
    const { size, trained } = parameterLayout(job.model);
    return { parameters: size, trained };
  } catch {
    // Only an altered journal has a job that its own run could not have begun with: the rest of it can still be shown.
    return null;
  }
}

const modelLine = (job: ResolvedJob | null, parameters: number): string =>
  job === null
    ? 'a model that this version does not know'
    : `${describeModel(job.model)}; ${figure(parameters)} parameters, ${job.training.optimizer.type}`;

const count = z.int().nonnegative();
const amount = z.string().regex(/^\d{1,78}$/);

/** What is read of the first event: the file may come from anywhere. */
const startSchema = z.object({
  type: z.literal('started'),
  at: z.number(),
  config: z.object({
    runId: z
      .string()
      .regex(/^[0-9a-z-]{8,64}$/)
      .transform(runId),
    rounds: count,
    microBatchesPerRound: count,
    microBatchSize: count,
    audit: z.object({
      rate: z.number(),
      floor: z.number(),
      window: z.number(),
      accept: z.number(),
      escalate: z.number(),
    }),
    payment: z.object({ microBatchWei: amount, budgetWei: amount }).nullable(),
    job: z.unknown(),
  }),
});

/** Null for an event that no run begins with. */
export function runOf(event: unknown): Run | null {
  const start = startSchema.safeParse(event);
  return start.success ? runFrom(start.data) : null;
}

function runFrom({ config, at }: z.infer<typeof startSchema>): Run {
  const parsed = resolvedJobSchema.safeParse(config.job);
  const job = parsed.success ? parsed.data : null;
  const sizes = sizesOf(job);
  const { payment, rounds, microBatchesPerRound, microBatchSize, audit, runId } = config;
  const head: RunHead = {
    runId,
    name: job?.name ?? runId,
    model: modelLine(job, sizes?.parameters ?? 0),
    parameters: sizes?.parameters ?? 0,
    targetRounds: rounds,
    microBatch: microBatchSize,
    microBatches: microBatchesPerRound,
    numerics: job?.training.numerics ?? 'fast',
    payment: payment && {
      priceWei: payment.microBatchWei,
      depositWei: payment.budgetWei,
      symbol: 'tokens',
      decimals: TOKEN_DECIMALS,
    },
    startedAt: at,
  };
  const terms = {
    priceWei: payment?.microBatchWei ?? '0',
    microBatches: microBatchesPerRound,
    wire: sizes && wireBytes(sizes.trained, head.numerics),
    audit,
    microBatch: microBatchSize,
  };
  return { head, terms, job };
}
