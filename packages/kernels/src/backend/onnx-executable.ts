/**
 * A step program as two onnxruntime sessions. Parameters and gradient accumulators are flat vectors whose slots are fed
 * to onnxruntime as views: tensors wrap the caller's memory, so nothing is copied between micro-batches.
 */
import type * as onnxruntime from 'onnxruntime-node';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import type { DType, Graph } from '../graph/graph.ts';
import { type ParameterLayout, type ParameterSlot, trainedSlots } from '../graph/parameter-layout.ts';
import type { StepProgram } from '../graph/step-program.ts';
import { dropoutFactors } from '../ops/dropout-rule.ts';
import { type HostFactors, hostFactorsOf } from '../ops/dropout.ts';
import { TRAIN_VALUES } from '../onnx/train-model.ts';
import type { Batch, EvaluationSums, Executable } from './backend.ts';
import { dataInputs, expectVector } from './check-batch.ts';
import { ExecutableClosedError, OnnxRuntimeError } from './errors.ts';

export type OnnxRuntime = Pick<typeof onnxruntime, 'InferenceSession' | 'Tensor'>;
type Tensors = Readonly<Record<string, Tensor>>;

const TENSOR_TYPES = { f32: 'float32', i32: 'int32' } as const satisfies Record<DType, Tensor.Type>;

/** A flat gradient vector under the names by which the training model reads it and writes it. */
interface Accumulator {
  readonly values: Float32Array;
  readonly feeds: Tensors;
  readonly fetches: Tensors;
}

/** Factors in memory that each micro-batch draws anew. */
interface DrawnFactors extends HostFactors {
  readonly values: Float32Array;
  readonly tensor: Tensor;
}

export interface OnnxExecutableParts {
  readonly runtime: OnnxRuntime;
  readonly program: StepProgram;
  readonly train: InferenceSession;
  readonly evaluate: InferenceSession;
}

export class OnnxExecutable implements Executable {
  readonly #parts: OnnxExecutableParts;
  readonly #parameters: Float32Array;
  readonly #parameterFeeds: Tensors;
  readonly #scalars: Tensors;
  readonly #factors: readonly DrawnFactors[];
  /**
   * A run reads the first and writes the second, then they change places. So a run that fails half-way leaves what was
   * accumulated before it untouched, and no operator ever writes what it reads.
   */
  #accumulators: readonly [Accumulator, Accumulator];
  #closed = false;

  constructor(parts: OnnxExecutableParts) {
    this.#parts = parts;
    const {
      runtime,
      program,
      program: { layout, evaluate },
    } = parts;
    this.#parameters = new Float32Array(layout.size);
    this.#factors = hostFactorsOf(program.train).map((factors) => drawnFactors(runtime, factors));
    this.#parameterFeeds = slotTensors(runtime, layout.slots, this.#parameters, (name) => name);
    this.#accumulators = [newAccumulator(runtime, layout), newAccumulator(runtime, layout)];
    const names = [TRAIN_VALUES.loss, ...evaluate.outputs.map(({ name }) => name)];
    this.#scalars = Object.fromEntries(
      names.map((name) => [name, new runtime.Tensor('float32', new Float32Array(1), [])]),
    );
  }

  async load(parameters: Float32Array): Promise<void> {
    this.#expectOpen();
    expectVector('parameters', parameters, this.#parameters.length);
    this.#parameters.set(parameters);
  }

  async accumulate(batch: Batch): Promise<{ lossSum: number }> {
    this.#expectOpen();
    const [read, written] = this.#accumulators;
    const { train, program } = this.#parts;
    const feeds = { ...this.#feeds(program.train, batch), ...read.feeds, ...this.#draw(batch) };
    await runSession(train, feeds, { ...written.fetches, [TRAIN_VALUES.loss]: this.#scalar(TRAIN_VALUES.loss) });
    this.#accumulators = [written, read];
    return { lossSum: this.#read(TRAIN_VALUES.loss) };
  }

  async drain(into: Float32Array, scale: number): Promise<void> {
    this.#expectOpen();
    const { values } = this.#accumulators[0];
    expectVector('into', into, values.length);
    for (let i = 0; i < values.length; i++) into[i] = values[i]! * scale;
    values.fill(0);
  }

  async evaluate(batch: Batch): Promise<EvaluationSums> {
    this.#expectOpen();
    const { evaluate, program } = this.#parts;
    const fetches = Object.fromEntries(program.evaluate.outputs.map(({ name }) => [name, this.#scalar(name)]));
    await runSession(evaluate, this.#feeds(program.evaluate, batch), fetches);
    return { lossSum: this.#read('loss'), correct: this.#read('correct'), predictions: this.#read('predictions') };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.all([this.#parts.train.release(), this.#parts.evaluate.release()]);
  }

  #feeds(graph: Graph, batch: Batch): Tensors {
    const { Tensor } = this.#parts.runtime;
    const feeds: Record<string, Tensor> = { ...this.#parameterFeeds };
    for (const [{ name, type }, values] of dataInputs(graph, batch)) {
      feeds[name] = new Tensor(TENSOR_TYPES[type.dtype], values as Float32Array, type.shape);
    }
    return feeds;
  }

  /** The factors of this micro-batch's dropouts; its seed has been checked with the other inputs. */
  #draw(batch: Batch): Tensors {
    const feeds: Record<string, Tensor> = {};
    for (const { name, seed, rule, values, tensor } of this.#factors) {
      dropoutFactors(values, rule, batch[seed] ?? []);
      feeds[name] = tensor;
    }
    return feeds;
  }

  #scalar(name: string): Tensor {
    const scalar = this.#scalars[name];
    if (scalar !== undefined) return scalar;
    throw new RangeError(`The program has no output ${name}. Verify the step program before you compile it.`);
  }

  #read(name: string): number {
    return (this.#scalar(name).data as Float32Array)[0] ?? Number.NaN;
  }

  #expectOpen(): void {
    if (this.#closed) throw new ExecutableClosedError({ backend: 'onnx' });
  }
}

async function runSession(session: InferenceSession, feeds: Tensors, fetches: Tensors): Promise<void> {
  try {
    await session.run(feeds, fetches);
  } catch (cause) {
    throw new OnnxRuntimeError({ doing: 'it ran a step', cause });
  }
}

function newAccumulator(runtime: OnnxRuntime, layout: ParameterLayout): Accumulator {
  // Frozen slots stay the zeros that a drain hands out.
  const values = new Float32Array(layout.size);
  const slots = trainedSlots(layout);
  return {
    values,
    feeds: slotTensors(runtime, slots, values, TRAIN_VALUES.accumulator),
    fetches: slotTensors(runtime, slots, values, TRAIN_VALUES.accumulated),
  };
}

function drawnFactors({ Tensor }: OnnxRuntime, factors: HostFactors): DrawnFactors {
  const values = new Float32Array(factors.shape.reduce((product, dimension) => product * dimension, 1));
  return { ...factors, values, tensor: new Tensor('float32', values, factors.shape) };
}

/** One tensor a parameter over a flat vector, without copying it. */
function slotTensors(
  { Tensor }: OnnxRuntime,
  slots: readonly ParameterSlot[],
  values: Float32Array,
  key: (name: string) => string,
): Tensors {
  return Object.fromEntries(
    slots.map(({ name, shape, offset, size }) => [
      key(name),
      new Tensor('float32', values.subarray(offset, offset + size), shape),
    ]),
  );
}
