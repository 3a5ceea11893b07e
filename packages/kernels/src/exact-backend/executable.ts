/** A compiled step program with its parameters and fixed-point gradient sums in one WebAssembly memory. */
import type { Batch, DeviceMemory, EvaluationSums, Executable } from '../backend/backend.ts';
import { dataInputs, expectVector } from '../backend/check-batch.ts';
import { ExecutableClosedError, gradientOverflow } from '../backend/errors.ts';
import { drainFixed } from '../canonical/fixed-point.ts';
import { FLUSH_LIMIT } from '../canonical/flush.ts';
import { debug, DEBUG_LEVELS, debugLevel } from '../debug.ts';
import type { Graph } from '../graph/graph.ts';
import type { StepProgram } from '../graph/step-program.ts';
import type { CompiledProgram } from './compile/compile.ts';
import { sumsOf } from './compile/trained.ts';
import { timingsText } from './debug-program.ts';
import { CONTROL, CONTROL_WORDS } from './threads/messages.ts';
import type { ThreadPool } from './threads/pool.ts';

export interface ExactExecutableParts {
  readonly program: StepProgram;
  readonly compiled: CompiledProgram;
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly pool: ThreadPool;
  /** The program's number in the pool. */
  readonly id: number;
}

export class ExactExecutable implements Executable {
  readonly memory: DeviceMemory;
  readonly #parts: ExactExecutableParts;
  readonly #sums: BigInt64Array;
  readonly #parameters: Float32Array;
  /** Whether the next step is to be timed, call by call, before it is done. */
  #timing = debugLevel() >= DEBUG_LEVELS.timings;
  #closed = false;

  constructor(parts: ExactExecutableParts) {
    this.#parts = parts;
    const { compiled, memory, program } = parts;
    const { size } = program.layout;
    this.memory = compiled.layout.memory;
    this.#sums = new BigInt64Array(memory.buffer, compiled.layout.sums, sumsOf(compiled.trained));
    this.#parameters = new Float32Array(memory.buffer, compiled.layout.parameters, size);
  }

  async load(parameters: Float32Array): Promise<void> {
    this.#expectOpen();
    expectVector('parameters', parameters, this.#parameters.length);
    enter(parameters, this.#parameters);
  }

  async accumulate(batch: Batch): Promise<{ lossSum: number }> {
    await this.#run('train', this.#parts.program.train, batch);
    const [lossSum = Number.NaN] = this.#scalars('train');
    return { lossSum };
  }

  async drain(into: Float32Array, scale: number): Promise<void> {
    this.#expectOpen();
    expectVector('into', into, this.#parameters.length);
    into.fill(0);
    let overflown = -1;
    for (const { offset, sums, size } of this.#parts.compiled.trained) {
      const first = drainFixed(this.#sums.subarray(sums, sums + size), into.subarray(offset, offset + size), scale);
      if (overflown < 0 && first >= 0) overflown = offset + first;
    }
    this.#sums.fill(0n);
    if (overflown >= 0) throw gradientOverflow(this.#parts.program.layout, overflown);
  }

  async drainFixed(into: BigInt64Array): Promise<void> {
    this.#expectOpen();
    expectVector('into', into, this.#parameters.length);
    into.fill(0n);
    for (const { offset, sums, size } of this.#parts.compiled.trained)
      into.set(this.#sums.subarray(sums, sums + size), offset);
    this.#sums.fill(0n);
  }

  async evaluate(batch: Batch): Promise<EvaluationSums> {
    const { evaluate } = this.#parts.program;
    await this.#run('evaluate', evaluate, batch);
    const values = this.#scalars('evaluate');
    const of = (name: keyof EvaluationSums | 'loss'): number =>
      values[evaluate.outputs.findIndex((output) => output.name === name)] ?? Number.NaN;
    return { lossSum: of('loss'), correct: of('correct'), predictions: of('predictions') };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#parts.pool.release(this.#parts.id);
  }

  async #run(list: 'train' | 'evaluate', graph: Graph, batch: Batch): Promise<void> {
    this.#expectOpen();
    const { memory, compiled, pool, id } = this.#parts;
    const checked = [...dataInputs(graph, batch)];
    for (const [{ name }, values] of checked) {
      const address = compiled.layout.data.get(name)!;
      if (values instanceof Float32Array) enter(values, new Float32Array(memory.buffer, address, values.length));
      else if (values) new Int32Array(memory.buffer, address, values.length).set(values);
    }
    if (list === 'train' && this.#timing) this.#tellTimings();
    const control = new Int32Array(memory.buffer, 0, CONTROL_WORDS);
    control[CONTROL.failed] = 0;
    await pool.run(id, list);
  }

  /** Done before the first step, when the sums are empty still. */
  #tellTimings(): void {
    const { compiled, module, memory } = this.#parts;
    this.#timing = false;
    debug('timings', () => timingsText(compiled, module, memory));
    this.#sums.fill(0n);
  }

  #scalars(list: 'train' | 'evaluate'): readonly number[] {
    const { memory, compiled } = this.#parts;
    return compiled.results[list].map((address) => new Float32Array(memory.buffer, address, 1)[0]!);
  }

  #expectOpen(): void {
    if (this.#closed) throw new ExecutableClosedError({ backend: 'exact' });
  }
}

const LIMIT_BITS = new Int32Array(Float32Array.of(FLUSH_LIMIT).buffer)[0]!;

/** Copies values into the memory, flushed, as every tensor is. */
function enter(values: Float32Array, target: Float32Array): void {
  target.set(values);
  const bits = new Int32Array(target.buffer, target.byteOffset, target.length);
  for (let i = 0; i < bits.length; i++) if ((bits[i]! & 0x7fff_ffff) < LIMIT_BITS) bits[i] = 0;
}
