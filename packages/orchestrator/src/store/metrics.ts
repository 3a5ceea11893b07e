/** What is measured while a run trains: `metrics.jsonl`, and the same figures for TensorBoard. */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import type { RunPaths } from './run-directory.ts';
import { EventFile } from './tensorboard.ts';
import type { Scalars } from './tensorboard.ts';

/** One line of `metrics.jsonl`; `at` in milliseconds since 1970, `round` is the one that the figures belong to. */
export interface MetricLine {
  readonly at: number;
  readonly round: number;
  readonly metrics: Scalars;
}

/** Writes each line to both places, at once and unbuffered: whoever tails them sees them. */
export class MetricsWriter {
  readonly #lines: number;
  readonly #paths: RunPaths;
  readonly #tensorboard: boolean;
  #events: EventFile | null = null;

  constructor(paths: RunPaths, tensorboard: boolean) {
    this.#paths = paths;
    this.#tensorboard = tensorboard;
    this.#lines = openSync(paths.metrics, 'a');
  }

  write({ at, round, metrics }: MetricLine): void {
    const known = Object.fromEntries(Object.entries(metrics).filter(([, value]) => Number.isFinite(value)));
    writeSync(this.#lines, `${JSON.stringify({ at, round, ...known })}\n`);
    if (this.#tensorboard) this.#eventFile(at).add(round, at / 1000, known);
  }

  close(): void {
    closeSync(this.#lines);
    this.#events?.close();
  }

  #eventFile(at: number): EventFile {
    if (this.#events === null) {
      mkdirSync(this.#paths.tensorboard, { recursive: true });
      this.#events = new EventFile(this.#paths.tensorboard, at / 1000);
    }
    return this.#events;
  }
}
