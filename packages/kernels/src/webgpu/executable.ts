/** A step program on a device: parameters, activations and gradient accumulators stay there between calls. */
import type { Batch, EvaluationSums, Executable } from '../backend/backend.ts';
import { dataInputs, expectVector } from '../backend/check-batch.ts';
import { ExecutableClosedError } from '../backend/errors.ts';
import type { Graph } from '../graph/graph.ts';
import type { OpTable } from '../graph/op.ts';
import type { StepProgram } from '../graph/step-program.ts';
import { withAccumulation } from './accumulate.ts';
import type { Device } from './device.ts';
import { gatherScaled } from './parameter-buffer.ts';
import { planGraph } from './plan.ts';
import { type Profile, profileRecording } from './profile.ts';
import { MAX_SUMS, ProgramMemory } from './program-memory.ts';
import { bindCalls, checkSizes, pipelinesOf, type Recording } from './recording.ts';

/** Compiles `program` for `device`. */
export async function compileProgram(device: Device, program: StepProgram, ops: OpTable): Promise<ProfiledExecutable> {
  const context = { ops, traits: device.traits };
  const trainPlan = withAccumulation(planGraph(program.train, context), program.layout);
  const evaluatePlan = planGraph(program.evaluate, context);
  for (const plan of [trainPlan, evaluatePlan]) checkSizes(device, plan);
  const train = { graph: program.train, plan: trainPlan, firstAccumulator: trainPlan.firstAccumulator };
  const evaluate = { graph: program.evaluate, plan: evaluatePlan, firstAccumulator: Infinity };
  const pipelines = await Promise.all([pipelinesOf(device, trainPlan), pipelinesOf(device, evaluatePlan)]);
  return device.building('the program’s buffers', () => {
    const memory = new ProgramMemory(device, program, [train, evaluate]);
    const places = [memory.placement(train), memory.placement(evaluate)] as const;
    return new GpuExecutable(device, program, memory, {
      train: bindCalls(device, trainPlan, pipelines[0], places[0]),
      evaluate: bindCalls(device, evaluatePlan, pipelines[1], places[1]),
      loss: trainPlan.outputs.map(places[0]),
      sums: evaluatePlan.outputs.map(places[1]),
    });
  });
}

interface Recordings {
  readonly train: Recording;
  readonly evaluate: Recording;
  /** The scalars that each gives back. */
  readonly loss: readonly GPUBufferBinding[];
  readonly sums: readonly GPUBufferBinding[];
}

/** An executable that can tell where its time goes. */
export interface ProfiledExecutable extends Executable {
  /** One run of the train graph, launch by launch; adds to the accumulators as `accumulate` does. */
  profile(batch: Batch): Promise<Profile>;
}

class GpuExecutable implements ProfiledExecutable {
  readonly #device: Device;
  readonly #program: StepProgram;
  readonly #memory: ProgramMemory;
  readonly #recordings: Recordings;
  #closed = false;

  constructor(device: Device, program: StepProgram, memory: ProgramMemory, recordings: Recordings) {
    this.#device = device;
    this.#program = program;
    this.#memory = memory;
    this.#recordings = recordings;
  }

  async load(parameters: Float32Array): Promise<void> {
    this.#expectOpen();
    expectVector('parameters', parameters, this.#program.layout.size);
    for (const { byteOffset, offset, size } of this.#memory.layout.slots) {
      this.#device.write(this.#memory.parameters, byteOffset, parameters as GPUAllowSharedBufferSource, offset, size);
    }
    this.#device.throwIfFailed();
  }

  async accumulate(batch: Batch): Promise<{ lossSum: number }> {
    this.#feed(this.#program.train, batch);
    const [lossSum = Number.NaN] = await this.#run(this.#recordings.train, this.#recordings.loss);
    return { lossSum };
  }

  async profile(batch: Batch): Promise<Profile> {
    this.#feed(this.#program.train, batch);
    return profileRecording(this.#device, this.#recordings.train);
  }

  async evaluate(batch: Batch): Promise<EvaluationSums> {
    this.#feed(this.#program.evaluate, batch);
    const sums = await this.#run(this.#recordings.evaluate, this.#recordings.sums);
    const [lossSum = Number.NaN, correct = Number.NaN, predictions = Number.NaN] = sums;
    return { lossSum, correct, predictions };
  }

  async drain(into: Float32Array, scale: number): Promise<void> {
    this.#expectOpen();
    expectVector('into', into, this.#program.layout.size);
    const { accumulators, gradientsBack, trained } = this.#memory;
    this.#device.submit((encoder) => {
      encoder.copyBufferToBuffer(accumulators, 0, gradientsBack, 0, trained.bytes);
      encoder.clearBuffer(accumulators);
    });
    await this.#device.read(gradientsBack, (bytes) => gatherScaled(trained, bytes, into, scale));
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#recordings.train.close();
    this.#recordings.evaluate.close();
    this.#memory.close();
  }

  /** Runs a graph and reads its scalars back: one submission, one round trip. */
  async #run(recording: Recording, scalars: readonly GPUBufferBinding[]): Promise<readonly number[]> {
    const { sumsBack } = this.#memory;
    this.#device.submit((encoder) => {
      const pass = encoder.beginComputePass();
      recording.record(pass);
      pass.end();
      scalars.forEach(({ buffer, offset = 0 }, index) =>
        encoder.copyBufferToBuffer(buffer, offset, sumsBack, index * 4, 4),
      );
    });
    return this.#device.read(sumsBack, (bytes) => [...new Float32Array(bytes, 0, MAX_SUMS)]);
  }

  #expectOpen(): void {
    if (this.#closed) throw new ExecutableClosedError({ backend: 'webgpu' });
  }

  #feed(graph: Graph, batch: Batch): void {
    this.#expectOpen();
    for (const [{ name }, values] of dataInputs(graph, batch)) {
      this.#device.write(this.#memory.data.get(name)!, 0, values as GPUAllowSharedBufferSource);
    }
  }
}
