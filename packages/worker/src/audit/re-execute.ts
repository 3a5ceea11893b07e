/** An audit: the target's micro-batches trained again on the same parameters, and compared with what it committed to. */
import { verifyTensorProof, type CoordinatorMessageOf, type MemberEventOf, type RunId } from '@murmuration/protocol';
import { fastSha256, type MurmurationNode } from '@murmuration/protocol/net-core';
import type { BucketCut } from '../collective/bucket-cut.ts';
import { bytesOf, type Summation } from '../collective/summation.ts';
import type { ComputeQueue } from '../compute/compute-queue.ts';
import type { StepRunner } from '../compute/step-runner.ts';
import { UnavailableError } from '../sync/errors.ts';
import { fetchParts, type Part } from '../sync/sources.ts';

export interface AuditorParts {
  readonly node: MurmurationNode;
  readonly runId: RunId;
  readonly cut: BucketCut;
  readonly summation: Summation;
  readonly runner: StepRunner;
  readonly queue: ComputeQueue;
}

export type AuditTask = Omit<CoordinatorMessageOf<'audit'>, 'type'>;
export type AuditResult = Pick<MemberEventOf<'audited'>, 'outcome' | 'relativeError' | 'reason'>;

/**
 * @param parameters those of the audited round `[n] f32`; null when they are not kept any more
 */
export async function reExecute(
  parts: AuditorParts,
  task: AuditTask,
  parameters: Float32Array | null,
): Promise<AuditResult> {
  if (parameters === null)
    return {
      outcome: 'expired',
      relativeError: null,
      reason: `the parameters at round ${task.round} are not kept any more`,
    };
  const theirs = await fetchContribution(parts, task).catch((error: unknown) => {
    if (error instanceof UnavailableError) return error.message;
    throw error;
  });
  if (typeof theirs === 'string') return { outcome: 'withheld', relativeError: null, reason: theirs };
  const mine = await parts.queue.run((signal) => parts.runner.gradient(parameters, task.microBatches, signal));
  const relativeError = Math.min(parts.summation.distance(theirs, bytesOf(mine.values)), Number.MAX_VALUE);
  const reason = `relative L2 error ${relativeError.toExponential(3)} over ${task.microBatches.length} micro-batches, ${mine.samples} samples`;
  return { outcome: 'compared', relativeError, reason };
}

/** The bytes of the committed contribution `[n]`, every bucket proved. @throws UnavailableError when the target withholds it */
async function fetchContribution(
  { node, runId, cut }: AuditorParts,
  { target, round, root }: AuditTask,
): Promise<Uint8Array> {
  const contribution = new Uint8Array(cut.size * cut.contributionBytes);
  const parts = [...cut.buckets()].map((bucket): Part => ({
    request: { type: 'contribution', runId, round, root, bucket },
    accept({ response, body: bytes }) {
      const proved =
        response.type === 'ok' &&
        bytes.length === cut.contributionLength(bucket) &&
        verifyTensorProof({ root, leaves: cut.count, index: bucket, bytes, proof: response.proof }, fastSha256);
      if (proved) contribution.set(bytes, cut.offset(bucket) * cut.contributionBytes);
      return proved;
    },
  }));
  await fetchParts(`the contribution ${root} to round ${round}`, parts, {
    node,
    sources: [target],
    maxBody: cut.bucketSize * cut.contributionBytes,
  });
  return contribution;
}
