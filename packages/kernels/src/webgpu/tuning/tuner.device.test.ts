/** Choices are measured once, kept, and never change what is computed. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../graph/builder.ts';
import { interpret } from '../../graph/interpret.ts';
import { Device } from '../device.ts';
import type { MatrixProduct } from '../../canonical/kernel.ts';
import type { DeviceTraits } from '../lowering.ts';
import { openGpu } from '../node/open-gpu.ts';
import { runGraph } from '../run-graph.ts';
import { candidateTiles, classOf, defaultTile, tileText } from './problem-class.ts';
import { type Choices, Tuner, tuningKey, type TuningStore } from './tuner.ts';

let device: Device;
beforeAll(async () => {
  device = await Device.open(await openGpu());
});
afterAll(() => device.close());

const problem: MatrixProduct = { count: 2, m: 33, k: 20, n: 36, transposeA: false, transposeB: true };

function memoryStore(choices: Record<string, Choices> = {}) {
  let saves = 0;
  const store: TuningStore = {
    load: async (key) => choices[key] ?? {},
    save: async (key, saved) => {
      saves++;
      choices[key] = { ...saved };
    },
  };
  return { store, choices, saves: () => saves };
}

describe('a tuner', () => {
  it('measures each class once and keeps its choice for the next process', async () => {
    const { store, choices, saves } = memoryStore();
    const first = (await Tuner.open(device, store, 'on'))!;
    await first.prepare([problem, { ...problem, m: 40 }]);
    const kept = choices[tuningKey(device.adapter)]!;
    expect(Object.keys(kept)).toEqual([classOf(problem)]);
    expect(candidateTiles(device.traits, problem).map(tileText)).toContain(kept[classOf(problem)]);
    const second = (await Tuner.open(device, store, 'on'))!;
    await second.prepare([problem]);
    expect(saves()).toBe(1);
    expect(tileText(second.tileFor(problem)!)).toBe(kept[classOf(problem)]);
  });

  it('takes what the store has without measuring on a CPU that plays a GPU', async () => {
    const kept = tileText(candidateTiles(device.traits, problem).at(-1)!);
    const { store, saves } = memoryStore({ [tuningKey(device.adapter)]: { [classOf(problem)]: kept } });
    const tuner = (await Tuner.open(device, store, 'auto'))!;
    await tuner.prepare([problem, { ...problem, transposeA: true }]);
    expect(tileText(tuner.tileFor(problem)!)).toBe(kept);
    expect(saves()).toBe(device.traits.software ? 0 : 1);
  });

  it('ignores choices that are no candidates, and is nothing when it is off', async () => {
    const { store } = memoryStore({ [tuningKey(device.adapter)]: { [classOf(problem)]: 'tiled 1024x1024x9x1' } });
    expect((await Tuner.open(device, store, 'auto'))!.tileFor(problem)).toBeUndefined();
    expect(await Tuner.open(device, store, 'off')).toBeNull();
  });
});

describe('every candidate', () => {
  const gpu: DeviceTraits = { subgroups: false, subgroupSize: 0, software: false, maxScratchBytes: 2 ** 28 };
  const graph = (() => {
    const builder = new GraphBuilder();
    const a = builder.input('a', { dtype: 'f32', shape: [2, 33, 20] }, 'data');
    const b = builder.input('b', { dtype: 'f32', shape: [2, 36, 20] }, 'data');
    builder.output('y', builder.apply('matmul', [a, b], { transposeA: false, transposeB: true }));
    return builder.build();
  })();
  const values = (size: number) => Float32Array.from({ length: size }, (_, index) => Math.sin(index * 1.7));
  const feeds = { a: values(2 * 33 * 20), b: values(2 * 36 * 20) };

  it('computes the same product', async () => {
    const expected = interpret(graph, feeds)['y']!;
    for (const traits of [device.traits, gpu]) {
      for (const tile of candidateTiles(traits, problem)) {
        const [actual] = await runGraph(device, graph, feeds, { ...traits, matmulTile: () => tile });
        const worst = expected.reduce((most, value, index) => Math.max(most, Math.abs(value - actual![index]!)), 0);
        expect(worst, tileText(tile)).toBeLessThan(1e-5);
      }
    }
  });

  it('has the rule’s tile first', () => {
    for (const traits of [device.traits, gpu]) {
      expect(candidateTiles(traits, problem)[0]).toEqual(defaultTile(traits, problem));
    }
  });
});
