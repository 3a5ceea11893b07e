/** A job that trains in milliseconds: an MLP on 512 drawn images of 4×4 in four classes. For tests. */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ResolvedJob } from '@murmuration/protocol/job';

const SIDE = 4;
const CLASSES = 4;
const TRAIN = 512;
const HELD = 96;

/** A small generator with a fixed seed (mulberry32): the same files in every run. */
function drawer(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** IDX bytes: a header of the shape, then the elements. */
function idx(shape: readonly number[], values: Uint8Array): Buffer {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.writeUInt8(8, 2);
  header.writeUInt8(shape.length, 3);
  shape.forEach((size, axis) => header.writeUInt32BE(size, 4 + 4 * axis));
  return Buffer.concat([header, values]);
}

/** An image is noise with one bright quadrant; the quadrant is its class. */
function drawSet(count: number, seed: number): { images: Buffer; labels: Buffer } {
  const draw = drawer(seed);
  const labels = Uint8Array.from({ length: count }, () => Math.floor(draw() * CLASSES));
  const images = Uint8Array.from({ length: count * SIDE * SIDE }, (_, at) => {
    const [image, pixel] = [Math.floor(at / (SIDE * SIDE)), at % (SIDE * SIDE)];
    const quadrant = Math.floor(pixel / SIDE / 2) * 2 + Math.floor((pixel % SIDE) / 2);
    return Math.floor(draw() * 120 + (labels[image] === quadrant ? 120 : 0));
  });
  return { images: idx([count, SIDE, SIDE], images), labels: idx([count], labels) };
}

/** Writes the data files into `directory` and returns the job that names them. */
export function tinyJob(
  directory: string,
  { rounds = 20, failureTimeout = 4000 }: { rounds?: number; failureTimeout?: number } = {},
): ResolvedJob {
  mkdirSync(directory, { recursive: true });
  const source = (
    name: string,
    { images, labels }: { images: Buffer; labels: Buffer },
  ): ResolvedJob['data']['train'] => {
    const put = (part: string, bytes: Buffer): string => {
      writeFileSync(join(directory, `${name}-${part}`), bytes);
      return createHash('sha256').update(bytes).digest('hex');
    };
    const sha256 = { images: put('images', images), labels: put('labels', labels) };
    return { type: 'idx', images: `${name}-images`, labels: `${name}-labels`, mean: 0.5, std: 0.25, sha256 };
  };
  return {
    name: 'tiny',
    seed: 7,
    model: { type: 'mlp', inputs: SIDE * SIDE, hidden: [128], outputs: CLASSES, activation: 'relu', dropout: 0 },
    data: {
      train: source('train', drawSet(TRAIN, 1)),
      eval: source('held', drawSet(HELD, 2)),
      trainSamples: TRAIN,
      evalSamples: HELD,
    },
    training: {
      numerics: 'fast',
      rounds,
      microBatch: 8,
      globalBatch: 48,
      bucketSize: 1024,
      optimizer: { type: 'adamw', learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 },
      schedule: { type: 'constant', warmup: 0 },
    },
    audit: { rate: 0, floor: 0, window: 4, accept: 5e-5, challenge: 2e-4 },
    failureTimeout,
  };
}
