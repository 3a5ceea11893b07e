/** What a worker tells its operator, one kind of event a line; the CLI prints them for people or as JSON. */
import type { Adapter, BackendName, Hash, MemberNotice, Round, RunId } from '@murmuration/protocol';

interface ReportTable {
  /** The node listens. */
  'worker.started': {
    readonly peerId: string;
    readonly address: string;
    readonly payout: string;
    readonly addresses: readonly string[];
  };
  'worker.connecting': { readonly coordinator: string };
  'worker.connected': { readonly coordinator: string; readonly runId: RunId };
  'worker.disconnected': { readonly reason: string };
  /** The job is being compiled for the device; kernels of `total`, 0 where that is not known (yet). */
  'worker.compiling': { readonly job: string; readonly done: number; readonly total: number };
  'worker.backend': {
    readonly backend: BackendName;
    readonly adapter: Adapter;
    readonly threads: number;
    readonly reason: string;
    /** Device memory that the job takes, known before its first step; null where the backend can't tell. */
    readonly memoryBytes: number | null;
  };
  'worker.admitted': { readonly runId: RunId; readonly job: string };
  /** The state at `round` is coming from other members; at most a few dozen times a download. */
  'worker.syncing': { readonly round: Round; readonly received: number; readonly bytes: number };
  'worker.synced': { readonly round: Round; readonly bytes: number };
  'worker.ready': { readonly round: Round };
  /** A contribution was committed to. */
  'worker.contributed': {
    readonly round: Round;
    readonly microBatches: number;
    readonly samples: number;
    readonly loss: number;
    readonly computeMs: number;
  };
  /** The state now stands at `round`; `microBatches` are the own ones of the round before. */
  'worker.applied': { readonly round: Round; readonly stateHash: Hash; readonly microBatches: number };
  'worker.audited': {
    readonly audit: number;
    readonly outcome: string;
    readonly relativeError: number | null;
    readonly reason: string;
  };
  'worker.attested': { readonly epoch: number; readonly signed: boolean; readonly reason: string };
  'worker.pay': {
    readonly epoch: number;
    readonly verified: number;
    readonly cumulativeWei: string;
    readonly paidWei: string;
    readonly reason: string;
  };
  /** Something failed that the worker goes on after. */
  'worker.problem': { readonly code: string; readonly message: string };
  'worker.finished': {
    readonly outcome: string;
    readonly code: string;
    readonly reason: string;
    readonly microBatches: number;
  };
}

export type WorkerReportType = keyof ReportTable;
export type WorkerReportOf<T extends WorkerReportType> = { readonly event: T } & ReportTable[T];
export type WorkerReport = { [T in WorkerReportType]: WorkerReportOf<T> }[WorkerReportType];
export type Reporter = (report: WorkerReport) => void;

/** Code and text of anything thrown. */
export function problemOf(thrown: unknown): WorkerReportOf<'worker.problem'> {
  const code = (thrown as { code?: unknown } | null)?.code;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return { event: 'worker.problem', code: typeof code === 'string' ? code : 'UNEXPECTED', message };
}

/** A machine's notice as a report. */
export function noticeReport(
  notice: MemberNotice,
  context: { readonly job: string; readonly microBatches: number },
): WorkerReport {
  if (notice.kind === 'admitted') return { event: 'worker.admitted', runId: notice.runId, job: context.job };
  if (notice.kind === 'ready') return { event: 'worker.ready', round: notice.round };
  if (notice.kind === 'applied') {
    return {
      event: 'worker.applied',
      round: notice.round,
      stateHash: notice.stateHash,
      microBatches: context.microBatches,
    };
  }
  if (notice.kind === 'blamed') {
    const { reason, until } = notice;
    const sitsOut = until === null ? '' : ` It takes no part in rounds before ${until}.`;
    return {
      event: 'worker.problem',
      code: 'BLAMED',
      message: `Others waited by this worker’s fault: ${reason}.${sitsOut}`,
    };
  }
  const { epoch, verified, cumulativeWei, paidWei, reason } = notice;
  return { event: 'worker.pay', epoch, verified, cumulativeWei, paidWei, reason };
}
