/** The models of `fixtures/onnx/make.py` with what PyTorch made of them, and the data that both sides draw. */
import { readFileSync } from 'node:fs';
import type { Batch } from '../../backend/backend.ts';
import { wordsFrom } from './mutate.ts';

export interface FixtureResult {
  readonly opset: number;
  readonly batch: number;
  /** Of SGD without momentum. */
  readonly rate: number;
  /** Mean loss of each of 50 steps, before the step. */
  readonly losses: readonly number[];
  /** Scores of the first batch after the last step, in evaluation mode. */
  readonly evaluated: readonly number[];
  /** Running statistics after the last step, by name. */
  readonly running: Readonly<Record<string, readonly number[]>>;
}

interface FixtureData {
  readonly sample: readonly number[];
  readonly labels: readonly number[];
  /** Tokens below this number; null for samples of floats. */
  readonly vocabulary: number | null;
  readonly classes: number;
}

const folder = new URL('../../../fixtures/onnx/', import.meta.url);

export const fixtureData = {
  mlp: { sample: [4, 5], labels: [], vocabulary: null, classes: 5 },
  convnet: { sample: [1, 12, 12], labels: [], vocabulary: null, classes: 10 },
  transformer: { sample: [12], labels: [12], vocabulary: 29, classes: 29 },
} as const satisfies Readonly<Record<string, FixtureData>>;

export type FixtureName = keyof typeof fixtureData;
export const fixtureNames = Object.keys(fixtureData) as FixtureName[];

export const fixtureFile = (name: FixtureName): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`${name}.onnx`, folder)));

export const fixtureResult = (name: FixtureName): FixtureResult =>
  (JSON.parse(readFileSync(new URL('losses.json', folder), 'utf8')) as Record<FixtureName, FixtureResult>)[name];

/** Distinct batches; steps go round them. */
const BATCHES = 5;
const SEED = 2_463_534_242;

/** The batches that PyTorch was trained with: inputs `x`, `y`, `weight`. */
export function fixtureBatches(name: FixtureName, batch: number): Batch[] {
  const { sample, labels, vocabulary, classes }: FixtureData = fixtureData[name];
  const next = wordsFrom(SEED);
  const count = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, batch);
  const below = (limit: number, size: number): Int32Array => Int32Array.from({ length: size }, () => next() % limit);
  const unit = (): number => (next() >>> 8) / 2 ** 24;
  return Array.from({ length: BATCHES }, () => {
    const size = count(sample);
    const x = vocabulary === null ? Float32Array.from({ length: size }, () => unit() * 2 - 1) : below(vocabulary, size);
    return { x, y: below(classes, count(labels)), weight: new Float32Array(batch).fill(1) };
  });
}
