/** Reports as lines: sentences for people, or one JSON object each for programs. */
import type { Reporter, WorkerReport, WorkerReportOf, WorkerReportType } from '../shell/report.ts';

export interface PrintOptions {
  readonly json: boolean;
  /** Only what went wrong, and how it ended. */
  readonly quiet: boolean;
  readonly write: (line: string) => void;
}

type Sentences = { readonly [T in WorkerReportType]: (report: WorkerReportOf<T>) => string };

const short = (text: string): string => (text.length > 20 ? `${text.slice(0, 8)}…${text.slice(-6)}` : text);

const sentences: Sentences = {
  'worker.started': ({ peerId, address, payout, addresses }) =>
    [
      `worker   ${peerId}`,
      `account  ${address}${payout === address ? '' : `, paid to ${payout}`}`,
      ...addresses.map((at) => `listens  ${at}`),
    ].join('\n'),
  'worker.connecting': ({ coordinator }) => `dialling ${coordinator}`,
  'worker.connected': ({ coordinator, runId }) => `connected to ${short(coordinator)}, run ${runId}`,
  'worker.disconnected': ({ reason }) => `connection lost: ${reason} Dialling again.`,
  'worker.compiling': ({ job, done, total }) =>
    total === 0 ? `compiling job ${job} for this device` : `compiled ${done} of ${total} kernels of job ${job}`,
  'worker.backend': ({ backend, adapter, threads, reason, memoryBytes }) =>
    `computes with ${backend} on ${adapter.name} (${adapter.kind}, ${threads} threads${memoryBytes === null ? '' : `, ${(memoryBytes / 1e6).toFixed(1)} MB of its memory`}): ${reason}`,
  'worker.admitted': ({ runId, job }) => `admitted to run ${runId} of job ${job}`,
  'worker.syncing': ({ round, received, bytes }) =>
    `fetching the state at round ${round}: ${(received / 1e6).toFixed(1)} of ${(bytes / 1e6).toFixed(1)} MB`,
  'worker.synced': ({ round, bytes }) => `fetched the state at round ${round}, ${(bytes / 1e6).toFixed(1)} MB`,
  'worker.ready': ({ round }) => `ready at round ${round}`,
  'worker.contributed': ({ round, microBatches, samples, loss, computeMs }) =>
    `round ${round}: ${microBatches} micro-batches, ${samples} samples, loss ${loss.toFixed(4)}, ${Math.round((samples / computeMs) * 1000)} samples/s`,
  'worker.applied': ({ round, stateHash, microBatches }) =>
    `round ${round - 1} accepted (${microBatches} of its micro-batches are mine), state ${short(stateHash)}`,
  'worker.audited': ({ audit, outcome, reason }) => `audit ${audit}: ${outcome}, ${reason}`,
  'worker.attested': ({ epoch, signed, reason }) => `epoch ${epoch} ${signed ? 'signed' : 'refused'}: ${reason}`,
  'worker.pay': ({ epoch, verified, cumulativeWei, paidWei, reason }) =>
    `epoch ${epoch}: ${verified} micro-batches verified, ${cumulativeWei} wei earned, ${paidWei} paid. ${reason}`,
  'worker.problem': ({ message }) => `problem: ${message}`,
  'worker.finished': ({ outcome, reason, microBatches }) =>
    `${outcome}: ${reason} (${microBatches} micro-batches accepted)`,
};

/** What `--quiet` still shows. */
const loud: ReadonlySet<WorkerReportType> = new Set(['worker.problem', 'worker.finished']);

export function printer({ json, quiet, write }: PrintOptions): Reporter {
  if (json) return (report) => write(JSON.stringify(report));
  return (report) => {
    if (!quiet || loud.has(report.event)) write(sentenceOf(report));
  };
}

/** A report as a person reads it. */
export const sentenceOf = (report: WorkerReport): string =>
  (sentences[report.event] as (report: WorkerReport) => string)(report);
