/** `run.finished`: the last line of `--json`, kept as `result.json`. */
import type { RunSummary } from './summary.ts';

/** Amounts as decimal texts of the token's smallest unit. All zero where nothing is paid. */
export interface EscrowResult {
  readonly depositedWei: string;
  readonly paidWei: string;
  readonly refundedWei: string;
}

/** The held-out samples run through `model.onnx` by onnxruntime, beside what the workers found. */
export interface OnnxResult {
  /** Updates that the exported state has: those of the newest checkpoint, which may be older than a run's last round. */
  readonly round: number;
  readonly accuracy: number;
  readonly loss: number;
  readonly samples: number;
  /** `|accuracy − evalAccuracy|`; null where the workers did not evaluate that state. */
  readonly accuracyDifference: number | null;
}

/** How far the exported model's accuracy lies from what the workers found, in words. */
export function differenceText({ round, accuracyDifference }: OnnxResult): string {
  return accuracyDifference === null
    ? `the workers did not evaluate the state at round ${round}`
    : `${(accuracyDifference * 100).toFixed(3)} points from what the workers found at round ${round}`;
}

export interface WorkerResult {
  readonly peerId: string;
  readonly address: string;
  readonly backend: string;
  readonly adapter: string;
  readonly microBatches: number;
  readonly verified: number;
  readonly paidWei: string;
}

export interface RunResult {
  readonly event: 'run.finished';
  readonly runId: string;
  readonly outcome: string;
  readonly reason: string;
  readonly rounds: number;
  /** Mean loss of the last round's samples, nats; null before the first round. */
  readonly trainLoss: number | null;
  readonly evalLoss: number | null;
  readonly evalAccuracy: number | null;
  readonly stateHash: string | null;
  /** Samples trained on. */
  readonly samples: number;
  readonly seconds: number;
  readonly workers: readonly WorkerResult[];
  readonly escrow: EscrowResult;
  readonly onnx: OnnxResult | null;
}

export const NO_ESCROW: EscrowResult = { depositedWei: '0', paidWei: '0', refundedWei: '0' };

/** Seconds spent training so far: from the first round's assignment to the last commit, restarts' pauses left out. */
export function trainingSeconds({ rounds }: RunSummary): number {
  return rounds.reduce((sum, { milliseconds }) => sum + milliseconds, 0) / 1000;
}

/** The summary with what the chain says has been paid, where that is more than the journal knows. */
export function withPaid(summary: RunSummary, paid: Readonly<Record<string, string>>): RunSummary {
  const byAddress = new Map(Object.entries(paid).map(([address, amount]) => [address.toLowerCase(), BigInt(amount)]));
  return {
    ...summary,
    workers: summary.workers.map((worker) => ({
      ...worker,
      paidWei: byAddress.get(worker.address.toLowerCase()) ?? worker.paidWei,
    })),
  };
}

export function runResult(summary: RunSummary, escrow: EscrowResult, onnx: OnnxResult | null): RunResult {
  const last = summary.rounds.at(-1);
  const evaluation = summary.evaluations.at(-1);
  return {
    event: 'run.finished',
    runId: summary.runId,
    outcome: summary.outcome?.outcome ?? 'failed',
    reason: summary.outcome?.reason ?? 'the journal has no end',
    rounds: summary.rounds.length,
    trainLoss: last?.trainLoss ?? null,
    evalLoss: evaluation?.loss ?? null,
    evalAccuracy: evaluation?.accuracy ?? null,
    stateHash: summary.outcome?.stateHash ?? last?.stateHash ?? null,
    samples: summary.rounds.reduce((sum, { samples }) => sum + samples, 0),
    seconds: (summary.lastAt - summary.startedAt) / 1000,
    workers: summary.workers.map(({ peerId, address, backend, adapter, microBatches, verified, paidWei }) => ({
      peerId,
      address,
      backend,
      adapter: adapter.name,
      microBatches,
      verified,
      paidWei: paidWei.toString(),
    })),
    escrow,
    onnx,
  };
}
