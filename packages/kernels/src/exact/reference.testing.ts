/** Plain JavaScript forms of the kernels, one `Math.fround` an operation, and inputs that find out differences. */

const f32 = Math.fround;
const SMALLEST_NORMAL = 2 ** -126;

/** Uniform numbers in [0, 1) from a 32-bit seed (mulberry32). */
export function generator(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const edges = [
  0,
  -0,
  1,
  -1,
  2 ** -149,
  -(2 ** -149),
  2 ** -127,
  2 ** -126,
  -(2 ** -126),
  1e-30,
  1e18,
  -1e18,
  1 / 3,
  1 + 2 ** -23,
];

/** Finite f32 of all magnitudes up to 2^`largest`: mostly random bits, some edges, some ordinary numbers. */
export function wildVector(length: number, seed: number, largest = 60): Float32Array {
  const next = generator(seed);
  const usable = edges.filter((edge) => Math.abs(edge) <= 2 ** largest);
  return Float32Array.from({ length }, () => {
    const kind = next();
    if (kind < 0.15) return usable[Math.floor(next() * usable.length)] as number;
    const magnitude = kind < 0.5 ? 2 ** (next() * (largest + 149) - 149) : next();
    return (next() < 0.5 ? -1 : 1) * magnitude;
  });
}

/** Ordinary numbers in (−1, 1). */
export function tameVector(length: number, seed: number, scale = 1): Float32Array {
  const next = generator(seed);
  return Float32Array.from({ length }, () => (next() * 2 - 1) * scale);
}

export function weightedSum(inputs: readonly Float32Array[], weights: readonly number[]): Float32Array {
  const total = f32(weights.reduce((sum, weight) => sum + weight, 0));
  return (inputs[0] as Float32Array).map((first, i) => {
    let sum = f32(f32(weights[0] as number) * first);
    for (let m = 1; m < inputs.length; m++) {
      sum = f32(sum + f32(f32(weights[m] as number) * ((inputs[m] as Float32Array)[i] as number)));
    }
    return f32(sum / total);
  });
}

/** Σ values² as `globalNorm` documents its order. */
export function sumOfSquares(values: Float64Array): number {
  let total = 0;
  for (let start = 0; start < values.length; start += 4096) {
    const p = new Float64Array(8);
    values.subarray(start, start + 4096).forEach((value, i) => {
      p[i % 8] = (p[i % 8] as number) + value * value;
    });
    const [a, b, c, d, e, f, g, h] = p as unknown as [number, number, number, number, number, number, number, number];
    total += a + b + (c + d) + (e + f + (g + h));
  }
  return total;
}

const flush = (value: number): number => (Math.abs(value) >= SMALLEST_NORMAL ? value : 0);

export interface AdamwScalars {
  learningRate: number;
  beta1: number;
  beta2: number;
  epsilon: number;
  weightDecay: number;
}

/** AdamW over one vector, in f32. `decay[i]` says whether decay applies to element i. */
export class ReferenceAdamw {
  readonly first: Float32Array;
  readonly second: Float32Array;
  readonly powers = Float32Array.of(1, 1);
  readonly parameters: Float32Array;
  readonly #decay: readonly boolean[];
  readonly #scalars: AdamwScalars;

  constructor(parameters: Float32Array, decay: readonly boolean[], scalars: AdamwScalars) {
    this.parameters = parameters.slice();
    this.first = new Float32Array(parameters.length);
    this.second = new Float32Array(parameters.length);
    this.#decay = decay;
    this.#scalars = scalars;
  }

  apply(gradient: Float32Array, clip: number): void {
    const [beta1, beta2, epsilon] = [f32(this.#scalars.beta1), f32(this.#scalars.beta2), f32(this.#scalars.epsilon)];
    const learningRate = f32(this.#scalars.learningRate);
    this.powers[0] = f32((this.powers[0] as number) * beta1);
    this.powers[1] = f32((this.powers[1] as number) * beta2);
    const rate = f32(learningRate / f32(1 - this.powers[0]));
    const inverseRoot = f32(1 / f32(Math.sqrt(f32(1 - this.powers[1]))));
    const decayed = f32(1 - f32(learningRate * this.#scalars.weightDecay));
    gradient.forEach((raw, i) => {
      const g = f32(clip * raw);
      const m = flush(f32(f32(beta1 * (this.first[i] as number)) + f32(f32(1 - beta1) * g)));
      const v = flush(f32(f32(beta2 * (this.second[i] as number)) + f32(f32(1 - beta2) * f32(g * g))));
      const divisor = f32(f32(f32(Math.sqrt(v)) * inverseRoot) + epsilon);
      const step = f32(f32(rate * m) / divisor);
      this.first[i] = m;
      this.second[i] = v;
      this.parameters[i] = f32(f32((this.#decay[i] ? decayed : 1) * (this.parameters[i] as number)) - step);
    });
  }

  /** parameters ‖ firstMoment ‖ secondMoment ‖ biasPowers. */
  get state(): Float32Array {
    return Float32Array.from([...this.parameters, ...this.first, ...this.second, ...this.powers]);
  }
}

export interface SgdScalars {
  learningRate: number;
  momentum: number;
  nesterov: boolean;
  weightDecay: number;
}

/** One SGD step in f32, in place. */
export function referenceSgd(
  parameters: Float32Array,
  velocity: Float32Array,
  gradient: Float32Array,
  decay: readonly boolean[],
  scalars: SgdScalars,
): void {
  const [rate, mu] = [f32(scalars.learningRate), f32(scalars.momentum)];
  const decayed = f32(1 - f32(rate * scalars.weightDecay));
  gradient.forEach((g, i) => {
    const kept = f32((decay[i] ? decayed : 1) * (parameters[i] as number));
    if (mu === 0) {
      parameters[i] = f32(kept - f32(rate * g));
      return;
    }
    const u = flush(f32(f32(mu * (velocity[i] as number)) + g));
    const direction = scalars.nesterov ? f32(g + f32(mu * u)) : u;
    velocity[i] = u;
    parameters[i] = f32(kept - f32(rate * direction));
  });
}

/** The bits of a vector, so that −0 differs from 0. */
export const bitsOf = (values: Float32Array): Uint32Array => new Uint32Array(values.slice().buffer);
