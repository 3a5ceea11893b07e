/** A run in a few lines, for a terminal. */
import { figure, percent, seconds, shortPeer, tokens } from '@murmuration/protocol/dashboard';
import { trainingSeconds } from './result.ts';
import type { RunSummary, WorkerSummary } from './summary.ts';

function describeWorker({
  peerId,
  backend,
  adapter,
  status,
  microBatches,
  verified,
  paidWei,
  auditsFailed,
}: WorkerSummary): string {
  const pay = paidWei > 0n ? `, paid ${tokens(paidWei)}` : '';
  const audits = auditsFailed > 0 ? `, ${auditsFailed} audits failed` : '';
  return `  ${shortPeer(peerId)}  ${status.padEnd(8)} ${figure(microBatches)} micro-batches, ${figure(verified)} verified${pay}${audits}  (${backend} on ${adapter.name})`;
}

/** @param process the id of the process that is at it, null when none is */
export function describeRun(summary: RunSummary, process: number | null): string[] {
  const last = summary.rounds.at(-1);
  const evaluation = summary.evaluations.at(-1);
  const state =
    summary.outcome?.outcome ??
    (process === null ? 'stopped; `orchestrate resume` goes on' : `running in process ${process}`);
  return [
    `${summary.runId}: ${state}`,
    `  round ${figure(summary.rounds.length)} of ${figure(summary.target)}, training loss ${figure(last?.trainLoss ?? null)}, ${seconds(trainingSeconds(summary))} of training`,
    ...(evaluation === undefined
      ? []
      : [
          `  held-out loss ${figure(evaluation.loss)}, accuracy ${percent(evaluation.accuracy)} at round ${figure(evaluation.round)}`,
        ]),
    ...(last === undefined ? [] : [`  state hash ${last.stateHash}`]),
    ...summary.workers.map(describeWorker),
    ...(summary.faults.length === 0
      ? []
      : [
          `  ${summary.faults.length} faults, the last: ${summary.faults.at(-1)?.kind}: ${summary.faults.at(-1)?.reason}`,
        ]),
  ];
}
