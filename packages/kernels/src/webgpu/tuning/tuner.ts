/**
 * Chooses the tile of each class of matrix products by measuring the candidates once on the device. Choices are kept in a
 * store under the adapter's and the driver's name, so that the next process measures nothing. A tile never changes what
 * is computed, only how fast (and, in fast numerics, the order of sums within rounding).
 */
import type { AdapterDescription } from '../adapter.ts';
import type { Device } from '../device.ts';
import type { MatrixProduct } from '../../canonical/kernel.ts';
import { matmulCall, type MatmulTile } from '../kernels/matmul.ts';
import { profileRecording } from '../profile.ts';
import { bindCalls, pipelinesOf } from '../recording.ts';
import { openStrips } from '../strips.ts';
import { candidateTiles, classOf, measuredAt, type ProblemClass, tileText } from './problem-class.ts';

/** Tiles by problem class, as text. */
export type Choices = Readonly<Record<ProblemClass, string>>;

/** Where choices outlive the process. Neither call ever fails: a store that is broken is empty. */
export interface TuningStore {
  load(key: string): Promise<Choices>;
  save(key: string, choices: Choices): Promise<void>;
}

/**
 * `off`: rules alone, nothing is read; `auto`: what the store has, and measurements on real GPUs, where a kernel compiles in
 * milliseconds; `on`: measurements everywhere.
 */
export type TuningMode = 'off' | 'auto' | 'on';

/** Goes up when kernels change so that old choices mean nothing. */
const TUNING_VERSION = 2;
/** What a candidate must gain on the default to be chosen: measurements spread. */
const WORTH = 0.95;
const RUNS = 5;

/** Adapter, driver and version: choices hold for one of these. */
export const tuningKey = ({ vendor, architecture, name, description }: AdapterDescription): string =>
  [`v${TUNING_VERSION}`, vendor, architecture, name, description].join(' | ');

export class Tuner {
  readonly #device: Device;
  readonly #store: TuningStore;
  readonly #measures: boolean;
  #choices: Record<ProblemClass, string> = {};

  /** Null where nothing is to be tuned. */
  static async open(device: Device, store: TuningStore, mode: TuningMode): Promise<Tuner | null> {
    if (mode === 'off') return null;
    const tuner = new Tuner(device, store, mode === 'on' || !device.traits.software);
    tuner.#choices = { ...(await store.load(tuningKey(device.adapter))) };
    return tuner;
  }

  private constructor(device: Device, store: TuningStore, measures: boolean) {
    this.#device = device;
    this.#store = store;
    this.#measures = measures;
  }

  /** The chosen tile; undefined where the default holds. A choice that is no candidate here counts as none. */
  tileFor(problem: MatrixProduct): MatmulTile | undefined {
    const chosen = this.#choices[classOf(problem)];
    return candidateTiles(this.#device.traits, problem).find((tile) => tileText(tile) === chosen);
  }

  /** Measures each class of `problems` that has no choice yet, on its first problem, and keeps the choices. */
  async prepare(problems: readonly MatrixProduct[]): Promise<void> {
    if (!this.#measures) return;
    let measured = false;
    for (const problem of problems) {
      if (this.tileFor(problem) !== undefined) continue;
      this.#choices[classOf(problem)] = tileText(await fastestTile(this.#device, measuredAt(problem)));
      measured = true;
    }
    if (measured) await this.#store.save(tuningKey(this.#device.adapter), this.#choices);
  }
}

/** The default, unless another candidate is clearly faster. */
async function fastestTile(device: Device, problem: MatrixProduct): Promise<MatmulTile> {
  const candidates = candidateTiles(device.traits, problem);
  const micros: number[] = [];
  for (const tile of candidates) micros.push(await measure(device, problem, tile));
  const best = micros.indexOf(Math.min(...micros));
  return micros[best]! < micros[0]! * WORTH ? candidates[best]! : candidates[0]!;
}

/** Microseconds of the fastest of a few runs over whatever lies in fresh memory. */
async function measure(device: Device, problem: MatrixProduct, tile: MatmulTile): Promise<number> {
  const { count, m, k, n, sharedLeft, sharedRight } = problem;
  const operands = [0, 1, 2].map((index) => ({ from: 'input', index }) as const);
  const call = matmulCall(device.traits, problem, [operands[0]!, operands[1]!, operands[2]!], { tile });
  const bytes = [(sharedLeft ? 1 : count) * m * k, (sharedRight ? 1 : count) * k * n, count * m * n].map(
    (size) => size * 4,
  );
  const plan = { calls: [{ ...call, label: 'matmul', operands: [0, 1, 2] }], bytes, inputs: 3, outputs: [] };
  const pipelines = await pipelinesOf(device, plan);
  const { buffers, textures, recording } = await device.building('the operands of a measurement', () => {
    const made = bytes.map((size) => device.buffer('an operand', size));
    const place = (tensor: number) => ({ buffer: made[tensor]!, offset: 0, size: bytes[tensor]! });
    const textures = openStrips(device, [plan]);
    return { buffers: made, textures, recording: bindCalls(device, plan, pipelines, { placement: place, textures }) };
  });
  let fastest = Infinity;
  for (let run = 0; run <= RUNS; run++) {
    const { launches } = await profileRecording(device, recording);
    // The first run may compile.
    if (run > 0) fastest = Math.min(fastest, launches[0]!.micros);
  }
  recording.close();
  textures.close();
  for (const buffer of buffers) device.release(buffer);
  return fastest;
}
