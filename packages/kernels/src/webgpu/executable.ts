/** A step program on a device: parameters, activations and gradient accumulators stay there between calls. */
import type { Batch, CompileOptions, DeviceMemory, EvaluationSums, Executable } from '../backend/backend.ts';
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
import { layOutMemory, MAX_SUMS, ProgramMemory } from './program-memory.ts';
import { bindCalls, checkSizes, pipelinesOf, type Recording } from './recording.ts';
import { warmUp } from './warm-up.ts';

/** Compiles `program` for `device`. */
export async function compileProgram(
  device: Device,
  program: StepProgram,
  ops: OpTable,
  { onProgress }: CompileOptions = {},
): Promise<ProfiledExecutable> {
  const context = { ops, traits: device.traits };
  const trainPlan = withAccumulation(planGraph(program.train, context), program.layout);
  const evaluatePlan = planGraph(program.evaluate, context);
  for (const plan of [trainPlan, evaluatePlan]) checkSizes(device, plan);
  const train = { graph: program.train, plan: trainPlan, firstAccumulator: trainPlan.firstAccumulator };
  const evaluate = { graph: program.evaluate, plan: evaluatePlan, firstAccumulator: Infinity };
  const layout = layOutMemory(program, [train, evaluate], device.alignment);
  const pipelines = await Promise.all([pipelinesOf(device, trainPlan), pipelinesOf(device, evaluatePlan)]);
  const executable = await device.building('the program’s buffers', () => {
    const memory = new ProgramMemory(device, layout);
    const places = [memory.placement(train), memory.placement(evaluate)] as const;
    return new GpuExecutable(device, program, memory, {
      train: bindCalls(device, trainPlan, pipelines[0], places[0]),
      evaluate: bindCalls(device, evaluatePlan, pipelines[1], places[1]),
      loss: trainPlan.outputs.map(places[0]),
      sums: evaluatePlan.outputs.map(places[1]),
    });
  });
  await executable.warmUp(onProgress);
  return executable;
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
  readonly memory: DeviceMemory;
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

  warmUp(onProgress: CompileOptions['onProgress']): Promise<void> {
    return warmUp(this.#device, [this.#recordings.train, this.#recordings.evaluate], onProgress);
  }

  get memory(): DeviceMemory {
    return this.#memory.layout.figures;
  }

  async load(parameters: Float32Array): Promise<void> {
    this.#expectOpen();
    expectVector('parameters', parameters, this.#program.layout.size);
    for (const { byteOffset, offset, size } of this.#memory.layout.parameters.slots) {
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
    const { accumulators, staging } = this.#memory;
    const { trained, stagingBytes } = this.#memory.layout;
    into.fill(0);
    for (let start = 0; start < trained.bytes; start += stagingBytes) {
      const size = Math.min(stagingBytes, trained.bytes - start);
      this.#device.submit((encoder) => {
        encoder.copyBufferToBuffer(accumulators, start, staging, 0, size);
        encoder.clearBuffer(accumulators, start, size);
      });
      await this.#device.read(staging, (bytes) => gatherScaled(trained, { bytes, start }, into, scale), size);
    }
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
