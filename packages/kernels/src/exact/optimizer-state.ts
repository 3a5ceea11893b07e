/**
 * The parameters and the optimizer's tensors of one replica, in the kernels' memory. Every member applies the same
 * sealed gradient with the same instructions, so all replicas hold the same bits.
 */
import type { ParameterLayout } from '../graph/parameter-layout.ts';
import { BLOCK, requireLength } from './block-port.ts';
import type { BlockPort } from './block-port.ts';
import { GradientRangeError } from './errors.ts';
import type { HostMemory, HostVector } from './host-memory.ts';
import { checkOptimizer, stateLayout } from './optimizer-config.ts';
import type { OptimizerConfig, StateLayout, StateTensor } from './optimizer-config.ts';
import { prepareStep } from './optimizer-rules.ts';
import type { Step } from './optimizer-rules.ts';
import { learningRateAt } from './schedule.ts';
import type { ScheduleConfig } from './schedule.ts';
import type { VectorKernels } from './vector-kernels.ts';
import type { WasmKernels } from './wasm-module.ts';

/** Beyond this the square of a gradient element may leave f32 and spoil the second moment for good. */
const LARGEST_NORM = 2 ** 60;

/** Fields are named as in a resolved job's `training`, so that it can be spread in. */
export interface OptimizerParameters {
  readonly layout: ParameterLayout;
  readonly optimizer: OptimizerConfig;
  readonly schedule: ScheduleConfig;
  /** Rounds of the whole run, the schedule's length. */
  readonly rounds: number;
  /** The gradient's norm is brought down to this when it is above; undefined leaves gradients alone. */
  readonly clipNorm?: number | undefined;
}

export interface StepResult {
  /** ‖gradient‖₂ before clipping. */
  readonly gradientNorm: number;
  readonly learningRate: number;
}

/** A stretch of the flat vector in which weight decay applies throughout, or nowhere. */
interface Span {
  readonly start: number;
  readonly end: number;
  readonly decay: boolean;
}

/** What {@link OptimizerState} works with; handed in by the host kernels that own it. */
export interface OptimizerTools {
  readonly wasm: WasmKernels;
  readonly memory: HostMemory;
  readonly port: BlockPort;
  readonly vectors: VectorKernels;
}

export class OptimizerState {
  readonly stateLayout: StateLayout;
  readonly #tools: OptimizerTools;
  readonly #options: OptimizerParameters;
  readonly #spans: readonly Span[];
  readonly #state: HostVector;

  constructor(tools: OptimizerTools, options: OptimizerParameters) {
    checkOptimizer(options.optimizer);
    this.#tools = tools;
    this.#options = options;
    this.#spans = decaySpans(options.layout);
    this.stateLayout = stateLayout(options.optimizer, options.layout.size);
    this.#state = tools.memory.vector(this.stateLayout.length);
    this.#reset();
  }

  /** The parameters `[layout.size] f32`: a view, good until the next allocation. */
  get parameters(): Float32Array<ArrayBuffer> {
    return this.#state.values.subarray(0, this.#options.layout.size);
  }

  /** The whole state, parameters ‖ optimizer tensors, little-endian: a view to hash or copy, good until the next allocation. */
  get stateBytes(): Uint8Array<ArrayBuffer> {
    return this.#state.bytes;
  }

  /** Starts at round 0 from `parameters` `[layout.size] f32`. */
  loadParameters(parameters: Float32Array): void {
    requireLength('The parameter vector', parameters, this.#options.layout.size);
    this.#reset();
    this.parameters.set(parameters);
  }

  /** Takes over a snapshot of another replica, made of {@link stateBytes} there. */
  loadState(bytes: Uint8Array): void {
    requireLength('The state', { length: bytes.length / 4 }, this.stateLayout.length);
    this.#state.bytes.set(bytes);
  }

  /**
   * Applies the reduced gradient of `round`. Clipping multiplies each element by f32(f32(clipNorm) ÷ norm) when the norm is
   * above `clipNorm`.
   *
   * @param gradient `[layout.size] f32`
   * @throws GradientRangeError before anything is changed
   */
  apply(gradient: Float32Array, { round }: { round: number }): StepResult {
    const { layout, schedule, rounds, optimizer, clipNorm } = this.#options;
    requireLength('The gradient', gradient, layout.size);
    const gradientNorm = this.#tools.vectors.globalNorm(gradient);
    const limit = Math.fround(clipNorm ?? Number.POSITIVE_INFINITY);
    if (!Number.isFinite(gradientNorm) || Math.min(gradientNorm, limit) > LARGEST_NORM)
      throw new GradientRangeError({ gradientNorm });
    const learningRate = learningRateAt(schedule, optimizer.learningRate, rounds, round);
    const clip = gradientNorm > limit ? Math.fround(limit / gradientNorm) : 1;
    const step = prepareStep(optimizer, {
      wasm: this.#tools.wasm,
      learningRate,
      clip,
      values: (index) => this.#tensor(index),
    });
    const keep = Math.fround(1 - Math.fround(learningRate * optimizer.weightDecay));
    for (const span of this.#spans) this.#applySpan(step, gradient, span, span.decay ? keep : 1);
    return { gradientNorm, learningRate };
  }

  /** Gives the state's memory back. */
  release(): void {
    this.#state.release();
  }

  #applySpan(step: Step, gradient: Float32Array, { start, end }: Span, keep: number): void {
    const base = this.#state.values.byteOffset;
    const { tensors } = this.stateLayout;
    for (let at = start; at < end; at += BLOCK) {
      const count = Math.min(BLOCK, end - at);
      const offset = at;
      step({
        parameters: base + offset * 4,
        gradient: this.#tools.port.read(gradient, offset, count, 0),
        tensor: (index) => base + ((tensors[index + 1] as StateTensor).offset + offset) * 4,
        count,
        keep,
      });
    }
  }

  /** The optimizer's tensor `index`. */
  #tensor(index: number): Float32Array {
    const { offset, length } = this.stateLayout.tensors[index + 1] as StateTensor;
    return this.#state.values.subarray(offset, offset + length);
  }

  #reset(): void {
    for (const { offset, length, initial } of this.stateLayout.tensors)
      this.#state.values.fill(initial, offset, offset + length);
  }
}

/** Neighbouring slots with the same decay, merged, so that kernels run over long stretches. */
function decaySpans({ slots, size }: ParameterLayout): Span[] {
  const spans: { start: number; end: number; decay: boolean }[] = [];
  for (const slot of slots) {
    const last = spans.at(-1);
    requireLength(`The layout before parameter ${slot.name}`, { length: last?.end ?? 0 }, slot.offset);
    if (last !== undefined && last.decay === slot.decay) last.end += slot.size;
    else spans.push({ start: slot.offset, end: slot.offset + slot.size, decay: slot.decay });
  }
  requireLength('The layout', { length: spans.at(-1)?.end ?? 0 }, size);
  return spans;
}
