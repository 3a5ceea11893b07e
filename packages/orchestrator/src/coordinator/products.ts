/** What is left of a run: `model.onnx`, weights for other programs where adapters were trained, its evaluation in onnxruntime, `result.json` and `report.html`. */
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { LoadedJob } from '../plan/load-job.ts';
import { type EvaluatedLoss, evaluateModel } from '../model/evaluate-model.ts';
import { modelBytes } from '../model/export-model.ts';
import { type WeightsFile, weightsFiles } from '../model/export-weights.ts';
import { renderReport } from '../report/report.ts';
import { writeDurably } from '../store/durable-file.ts';
import type { RunPaths } from '../store/run-directory.ts';
import { runResult } from '../summary/result.ts';
import type { EscrowResult, OnnxResult, RunResult } from '../summary/result.ts';
import type { RunSummary } from '../summary/summary.ts';
import { toJson } from '../cli/output.ts';
import type { StateStore } from './state-store.ts';

export interface ProductParts {
  readonly loaded: LoadedJob;
  readonly paths: RunPaths;
  readonly summary: RunSummary;
  readonly newest: StateStore['newest'];
  readonly escrow: EscrowResult;
  readonly environment: Readonly<Record<string, string>>;
}

/** What the model was trained towards. */
const lossOf = ({ job: { model } }: LoadedJob): EvaluatedLoss => (model.type === 'onnx' ? model.loss : 'crossEntropy');

/** Writes `model.onnx` from the newest state and evaluates it; null before the first checkpoint. */
async function exportAndEvaluate({ loaded, paths, summary, newest }: ProductParts): Promise<OnnxResult | null> {
  if (newest === null) return null;
  writeDurably(paths.model, [modelBytes(loaded.job, newest.bytes, { runId: summary.runId, ...newest }, loaded.onnx)]);
  writeWeights(paths, weightsFiles(loaded.job, newest.bytes, { runId: summary.runId, ...newest }));
  const { accuracy, loss, samples } = await evaluateModel(paths.model, loaded.datasets.eval, lossOf(loaded));
  const evaluation = summary.evaluations.findLast(({ round }) => round === newest.round);
  return {
    round: newest.round,
    accuracy,
    loss,
    samples,
    accuracyDifference: evaluation === undefined ? null : Math.abs(accuracy - evaluation.accuracy),
  };
}

function writeWeights({ directory }: RunPaths, files: readonly WeightsFile[]): void {
  for (const { name, parts } of files) {
    const file = join(directory, name);
    mkdirSync(dirname(file), { recursive: true });
    writeDurably(file, parts);
  }
}

/** Makes all of it, and says how the run ended. */
export async function makeProducts(parts: ProductParts): Promise<RunResult> {
  const { loaded, paths, summary, escrow, environment } = parts;
  const result = runResult(summary, escrow, await exportAndEvaluate(parts));
  writeDurably(paths.result, `${toJson(result)}\n`);
  writeDurably(
    paths.report,
    renderReport({ jobName: loaded.spec.name, jobText: loaded.text, summary, result, environment }),
  );
  return result;
}
