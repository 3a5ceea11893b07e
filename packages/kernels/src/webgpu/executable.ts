/** A step program on a device: parameters, activations and gradient accumulators stay there between calls. */
import type { Batch, CompileOptions, DeviceMemory, EvaluationSums, Executable } from '../backend/backend.ts';
import { dataInputs, expectVector } from '../backend/check-batch.ts';
import { ExecutableClosedError, FixedSumsError, gradientOverflow } from '../backend/errors.ts';
import type { Graph } from '../graph/graph.ts';
import type { StepProgram } from '../graph/step-program.ts';
import { drainFixed } from '../canonical/fixed-point.ts';
import { withAccumulation } from './accumulate.ts';
import type { Arithmetic } from './arithmetic.ts';
import { debug, memoryText } from '../debug.ts';
import { debugTimings, planText } from './debug-program.ts';
import type { Device } from './device.ts';
import { gatherFixed, gatherScaled, type Piece } from './parameter-buffer.ts';
import { type Profile, profileRecording } from './profile.ts';
import { layOutMemory, MAX_SUMS, ProgramMemory } from './program-memory.ts';
import { bindCalls, checkSizes, pipelinesOf, type Placement, type Recording } from './recording.ts';
import { warmUp } from './warm-up.ts';

/** Compiles `program` for `device`. */
export async function compileProgram(
  device: Device,
  program: StepProgram,
  arithmetic: Arithmetic,
  { onProgress }: CompileOptions = {},
): Promise<ProfiledExecutable> {
  const trainPlan = withAccumulation(arithmetic.plan(program.train), program.layout, arithmetic.sums);
  const evaluatePlan = arithmetic.plan(program.evaluate);
  for (const plan of [trainPlan, evaluatePlan]) checkSizes(device, plan);
  const train = { graph: program.train, plan: trainPlan, firstAccumulator: trainPlan.firstAccumulator };
  const evaluate = { graph: program.evaluate, plan: evaluatePlan, firstAccumulator: Infinity };
  const layout = layOutMemory(program, [train, evaluate], device.alignment, arithmetic.sums.bytes);
  const pipelines = await Promise.all([pipelinesOf(device, trainPlan), pipelinesOf(device, evaluatePlan)]);
  const executable = await device.building('the program’s buffers', () => {
    const memory = new ProgramMemory(device, layout);
    const places = [train, evaluate].map((each) => memory.placement(each)) as [Placement, Placement];
    const { textures } = memory;
    return new GpuExecutable(
      { device, program, memory, arithmetic },
      {
        train: bindCalls(device, trainPlan, pipelines[0], { placement: places[0], textures }),
        evaluate: bindCalls(device, evaluatePlan, pipelines[1], { placement: places[1], textures }),
        loss: trainPlan.outputs.map(places[0]),
        sums: evaluatePlan.outputs.map(places[1]),
      },
    );
  });
  await executable.warmUp(onProgress);
  debug('plan', () =>
    [planText('train', trainPlan), planText('evaluate', evaluatePlan), memoryText(executable.memory)].join('\n'),
  );
  return debugTimings(executable, program);
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

interface Parts {
  readonly device: Device;
  readonly program: StepProgram;
  readonly memory: ProgramMemory;
  readonly arithmetic: Arithmetic;
}

class GpuExecutable implements ProfiledExecutable {
  readonly #device: Device;
  readonly #program: StepProgram;
  readonly #memory: ProgramMemory;
  readonly #arithmetic: Arithmetic;
  readonly #recordings: Recordings;
  #closed = false;

  constructor({ device, program, memory, arithmetic }: Parts, recordings: Recordings) {
    this.#device = device;
    this.#program = program;
    this.#memory = memory;
    this.#arithmetic = arithmetic;
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
    const entering = this.#arithmetic.enter(parameters);
    for (const { byteOffset, offset, size } of this.#memory.layout.parameters.slots) {
      this.#device.write(this.#memory.parameters, byteOffset, entering as GPUAllowSharedBufferSource, offset, size);
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
    const { trained } = this.#memory.layout;
    if (this.#arithmetic.sums.bytes === 8) return this.#drainSums(into, scale);
    into.fill(0);
    return this.#readBack((piece) => gatherScaled(trained, piece, into, scale));
  }

  async drainFixed(into: BigInt64Array): Promise<void> {
    this.#expectOpen();
    expectVector('into', into, this.#program.layout.size);
    if (this.#arithmetic.sums.bytes !== 8) throw new FixedSumsError();
    const { trained } = this.#memory.layout;
    into.fill(0n);
    await this.#readBack((piece) => gatherFixed(trained, piece, into));
  }

  async #drainSums(into: Float32Array, scale: number): Promise<void> {
    const sums = new BigInt64Array(into.length);
    await this.drainFixed(sums);
    const overflown = drainFixed(sums, into, scale);
    if (overflown >= 0) throw gradientOverflow(this.#program.layout, overflown);
  }

  /** Reads the accumulators in pieces and clears them. */
  async #readBack(use: (piece: Piece) => void): Promise<void> {
    const { accumulators, staging } = this.#memory;
    const { trained, stagingBytes } = this.#memory.layout;
    for (let start = 0; start < trained.bytes; start += stagingBytes) {
      const size = Math.min(stagingBytes, trained.bytes - start);
      this.#device.submit((encoder) => {
        encoder.copyBufferToBuffer(accumulators, start, staging, 0, size);
        encoder.clearBuffer(accumulators, start, size);
      });
      await this.#device.read(staging, (bytes) => use({ bytes, start }), size);
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
      recording.record(encoder);
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
      const entering = values instanceof Float32Array ? this.#arithmetic.enter(values) : values;
      this.#device.write(this.#memory.data.get(name)!, 0, entering as GPUAllowSharedBufferSource);
    }
  }
}
