/** Checks gradients the slow way, for the tests: central differences of the float64 interpreter. */
import { GRADIENT_PREFIX, withGradients } from './gradient.ts';
import type { Graph } from './graph.ts';
import { interpret } from './interpret.ts';

export type Feeds = Readonly<Record<string, Float64Array>>;

export interface GradientCheck {
  readonly parameter: string;
  /** What the gradient graph gives along a direction. */
  readonly analytic: number;
  /** What central differences give. */
  readonly numeric: number;
}

const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);

/** A direction of ones, minus ones and numbers between, from an index only, so that failures repeat. */
const direction = (size: number, salt: number): Float64Array =>
  Float64Array.from({ length: size }, (_, i) => Math.sin(1 + 12.9898 * (i + 1) + 78.233 * salt));

/** The unit vectors of a small parameter, or two dense directions of a large one. */
function directions(size: number): Float64Array[] {
  if (size > 24) return [direction(size, 1), direction(size, 2)];
  return Array.from({ length: size }, (_, at) => Float64Array.from({ length: size }, (__, i) => (i === at ? 1 : 0)));
}

/** The derivative of scalar output `loss` along directions of every parameter, by the gradient graph and numerically. */
export function checkGradients(graph: Graph, loss: string, feeds: Feeds, step = 1e-5): GradientCheck[] {
  const gradients = interpret(withGradients(graph, loss), feeds);
  const lossAt = (name: string, along: Float64Array, by: number): number => {
    const moved = feeds[name]?.map((value, i) => value + by * (along[i] ?? 0)) ?? along;
    return interpret(graph, { ...feeds, [name]: moved })[loss]?.[0] ?? Number.NaN;
  };
  return graph.inputs
    .filter(({ role }) => role === 'parameter')
    .flatMap(({ name }) =>
      directions(feeds[name]?.length ?? 0).map((along) => ({
        parameter: name,
        analytic: dot(gradients[`${GRADIENT_PREFIX}${name}`] ?? along, along),
        numeric: (lossAt(name, along, step) - lossAt(name, along, -step)) / (2 * step),
      })),
    );
}

/** The largest |analytic − numeric| / (1 + |numeric|). */
export const worstError = (checks: readonly GradientCheck[]): number =>
  checks.reduce(
    (worst, { analytic, numeric }) => Math.max(worst, Math.abs(analytic - numeric) / (1 + Math.abs(numeric))),
    0,
  );
