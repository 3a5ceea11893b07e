/**
 * The parameters and the optimizer's tensors of one replica, in the kernels' memory. Every member applies the same
 * sealed gradient with the same instructions, so all replicas hold the same bits.
 */
import type { ParameterLayout, ParameterUpdate } from '../graph/parameter-layout.ts';
import { BLOCK, requireLength } from './block-port.ts';
import type { BlockPort } from './block-port.ts';
import { GradientRangeError } from './errors.ts';
import type { HostMemory, HostVector } from './host-memory.ts';
import { checkOptimizer, stateLayout } from './optimizer-config.ts';
import type { OptimizerConfig, StateLayout, StateTensor } from './optimizer-config.ts';
import { prepareStep, statisticStep } from './optimizer-rules.ts';
import type { Step } from './optimizer-rules.ts';
import { learningRateAt } from './schedule.ts';
import type { ScheduleConfig } from './schedule.ts';
import type { ElementRange, VectorKernels } from './vector-kernels.ts';
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
  /** ‖gradient‖₂ before clipping, over what the optimizer updates. */
  readonly gradientNorm: number;
  readonly learningRate: number;
}

/** A stretch of the flat vector that is updated in one way throughout, with weight decay or without. */
interface Span extends ElementRange {
  readonly decay: boolean;
  readonly update: ParameterUpdate;
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
  /** Where the optimizer's update applies, and where a statistic's does. */
  readonly #ranges: Readonly<Record<'optimizer' | 'statistic', readonly ElementRange[]>>;
  readonly #state: HostVector;

  constructor(tools: OptimizerTools, options: OptimizerParameters) {
    checkOptimizer(options.optimizer);
    this.#tools = tools;
    this.#options = options;
    this.#spans = spansOf(options.layout);
    const rangesOf = (update: ParameterUpdate) => joined(this.#spans.filter((span) => span.update === update));
    this.#ranges = { optimizer: rangesOf('optimizer'), statistic: rangesOf('statistic') };
    this.stateLayout = stateLayout(options.optimizer, options.layout);
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
   * above `clipNorm`. Statistics become θ − g, one rounding; frozen parameters keep their bits, whatever `gradient` holds.
   *
   * @param gradient `[layout.size] f32`
   * @throws GradientRangeError before anything is changed
   */
  apply(gradient: Float32Array, { round }: { round: number }): StepResult {
    const { schedule, rounds, optimizer, clipNorm } = this.#options;
    const limit = Math.fround(clipNorm ?? Number.POSITIVE_INFINITY);
    const gradientNorm = this.#checkedNorm(gradient, limit);
    const learningRate = learningRateAt(schedule, optimizer.learningRate, rounds, round);
    const clip = gradientNorm > limit ? Math.fround(limit / gradientNorm) : 1;
    const step = prepareStep(optimizer, {
      wasm: this.#tools.wasm,
      learningRate,
      clip,
      values: (index) => this.#tensor(index),
    });
    const keep = Math.fround(1 - Math.fround(learningRate * optimizer.weightDecay));
    const move = statisticStep(this.#tools.wasm);
    for (const span of this.#spans) {
      if (span.update === 'optimizer') this.#applySpan(step, gradient, span, span.decay ? keep : 1);
      else if (span.update === 'statistic') this.#applySpan(move, gradient, span, 1);
    }
    return { gradientNorm, learningRate };
  }

  /** Gives the state's memory back. */
  release(): void {
    this.#state.release();
  }

  /** The norm that clipping looks at. @throws GradientRangeError */
  #checkedNorm(gradient: Float32Array, limit: number): number {
    requireLength('The gradient', gradient, this.#options.layout.size);
    const { vectors } = this.#tools;
    const gradientNorm = vectors.globalNorm(gradient, this.#ranges.optimizer);
    const change = vectors.globalNorm(gradient, this.#ranges.statistic);
    if (!Number.isFinite(gradientNorm) || Math.min(gradientNorm, limit) > LARGEST_NORM)
      throw new GradientRangeError({ gradientNorm });
    if (!(change <= LARGEST_NORM)) throw new GradientRangeError({ gradientNorm: change });
    return gradientNorm;
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

/** Neighbouring slots that are updated alike, merged, so that kernels run over long stretches. */
function spansOf({ slots, size }: ParameterLayout): Span[] {
  const spans: Span[] = [];
  for (const { name, offset, size: length, decay, update } of slots) {
    const last = spans.at(-1);
    requireLength(`The layout before parameter ${name}`, { length: last?.end ?? 0 }, offset);
    const end = offset + length;
    if (last !== undefined && last.decay === decay && last.update === update)
      spans[spans.length - 1] = { ...last, end };
    else spans.push({ start: offset, end, decay, update });
  }
  requireLength('The layout', { length: spans.at(-1)?.end ?? 0 }, size);
  return spans;
}

/** Ranges that touch as one, so that a norm does not depend on where decay begins and ends. */
function joined(ranges: readonly ElementRange[]): ElementRange[] {
  const result: ElementRange[] = [];
  for (const { start, end } of ranges) {
    const last = result.at(-1);
    if (last?.end === start) result[result.length - 1] = { start: last.start, end };
    else result.push({ start, end });
  }
  return result;
}
