/** A training step on one of our backends, as a worker does it: upload the batch, forward, backward, accumulate, read the loss. */
import type { Backend } from '@murmuration/kernels/backend';
import { buildStepProgram, initialParameters } from '@murmuration/kernels/graph';
import type { Prepared } from '../harness/serve-work.ts';
import { randomBatch } from '../work/random-batch.ts';
import type { StepWork } from '../work/work.ts';

export async function prepareStep(backend: Backend, { model, batch, classes }: StepWork): Promise<Prepared> {
  const program = buildStepProgram(model, batch);
  const executable = await backend.compile(program);
  await executable.load(initialParameters(model, 1));
  const data = randomBatch(program, classes);
  return {
    run: async (times) => {
      for (let run = 0; run < times; run++) await executable.accumulate(data);
    },
    close: () => executable.close(),
  };
}
