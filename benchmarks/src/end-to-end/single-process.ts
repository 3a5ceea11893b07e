/** The same training in one process: the same data in the same order, backend and exact optimizer, and nobody to talk to. */
import { openOnnxBackend } from '@murmuration/kernels/backend';
import { createHostKernels } from '@murmuration/kernels/exact';
import { buildStepProgram, initialParameters, microBatchSeed } from '@murmuration/kernels/graph';
import { createSampler, dataFactsOf, openDatasets } from '@murmuration/protocol/data';
import { parseJob, resolveJob } from '@murmuration/protocol/job';

/** What some rounds took. */
export interface SingleFigures {
  readonly roundsPerSecond: number;
  readonly samplesPerSecond: number;
  readonly cpuSecondsPerRound: number;
}

export interface SingleProcess {
  /** Trains so many rounds more. */
  train(rounds: number): Promise<SingleFigures>;
  close(): Promise<void>;
}

/** @param text of the job, as `orchestrate` gets it */
export async function singleProcess(text: string, threads: number): Promise<SingleProcess> {
  const { spec } = parseJob(text, 'job.yaml');
  const datasets = await openDatasets(spec.data, { directory: process.cwd(), confined: true });
  const { model, training, seed, data } = resolveJob(spec, dataFactsOf(datasets));
  const program = buildStepProgram(model, training.microBatch, training.bucketSize);
  const backend = await openOnnxBackend({ threads });
  const executable = await backend.compile(program);
  const state = (await createHostKernels()).createOptimizer({ ...training, layout: program.layout });
  state.loadParameters(initialParameters(model, seed));
  const sampler = createSampler({ samples: data.trainSamples, seed, microBatch: training.microBatch });
  const gradient = new Float32Array(program.layout.size);
  const microBatches = training.globalBatch / training.microBatch;
  let round = 0;
  const trainRound = async (): Promise<void> => {
    await executable.load(state.parameters);
    for (let index = 0; index < microBatches; index++) {
      const number = round * microBatches + index;
      const samples = datasets.train.batch(sampler.samplesOf(number), training.microBatch);
      await executable.accumulate({ ...samples, seed: microBatchSeed(seed, number) });
    }
    await executable.drain(gradient, 1 / training.globalBatch);
    state.apply(gradient, { round });
    round += 1;
  };
  return {
    train: async (rounds) => {
      const [started, before] = [performance.now(), process.cpuUsage()];
      for (let done = 0; done < rounds; done++) await trainRound();
      const roundsPerSecond = (rounds / (performance.now() - started)) * 1000;
      const { user, system } = process.cpuUsage(before);
      return {
        roundsPerSecond,
        samplesPerSecond: roundsPerSecond * training.globalBatch,
        cpuSecondsPerRound: (user + system) / 1e6 / rounds,
      };
    },
    close: async () => {
      await executable.close();
      await backend.close();
    },
  };
}
