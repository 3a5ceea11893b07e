import { describe, expect, it } from 'vitest';
import { hash } from '../core/ids.ts';
import { batchesOf } from './dataset.ts';
import { DataFormatError, SampleRangeError } from './errors.ts';
import { imageDataset } from './image-dataset.ts';
import type { ResolvedIdxSource } from './image-dataset.ts';
import { textDataset } from './text-dataset.ts';
import type { TextParts } from './text-dataset.ts';
import { textOf } from './text.ts';
import { byteTokenizer, tokenizerOf } from './tokenizer.ts';

const root = hash(`0x${'00'.repeat(32)}`);
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('imageDataset', () => {
  const source: ResolvedIdxSource = {
    type: 'idx',
    images: 'i',
    labels: 'l',
    mean: 0.5,
    std: 0.25,
    sha256: { images: '', labels: '' },
  };
  const images = { shape: [3, 1, 2], values: Uint8Array.of(0, 255, 51, 102, 7, 8) };
  const labels = { shape: [3], values: Uint8Array.of(2, 0, 1) };
  const dataset = imageDataset({ source, root, images, labels });

  it('normalises pixels, takes samples in the order asked for, and pads with weight 0', () => {
    expect(dataset.batch([1, 0], 3)).toEqual({
      x: Float32Array.of((0.2 - 0.5) / 0.25, (0.4 - 0.5) / 0.25, -2, 2, 0, 0),
      y: Int32Array.of(0, 2, 0),
      weight: Float32Array.of(1, 1, 0),
    });
  });

  it('knows its sizes', () => {
    expect([dataset.size, dataset.image, dataset.classes]).toEqual([3, [1, 1, 2], 3]);
    expect(dataset.describe()).toBe('3 images of 1×1×2 in 3 classes');
    expect(dataset.inputs).toEqual([
      { name: 'x', dtype: 'f32', shape: [1, 1, 2] },
      { name: 'y', dtype: 'i32', shape: [] },
    ]);
  });

  it.each([
    ['channels', [2, 3, 1, 1], [3, 1, 1]],
    ['bare features', [2, 3], [1, 1, 3]],
  ])('takes images with %s', (_, shape, image) => {
    const other = imageDataset({
      source,
      root,
      images: { shape, values: new Uint8Array(6) },
      labels: { shape: [2], values: new Uint8Array(2) },
    });
    expect(other.image).toEqual(image);
  });

  it('refuses images and labels that do not belong together', () => {
    const open = (parts: object): unknown => imageDataset({ source, root, images, labels, ...parts });
    expect(() => open({ labels: { shape: [2], values: new Uint8Array(2) } })).toThrow('2 labels for 3 images');
    expect(() => open({ labels: images })).toThrow(DataFormatError);
    expect(() => open({ images: labels })).toThrow(DataFormatError);
  });

  it.each([
    [[3], 4],
    [[-1], 4],
    [[0.5], 4],
    [[0, 1, 2], 2],
  ])('refuses samples %j in a batch of %i', (indices, rows) => {
    expect(() => dataset.batch(indices, rows)).toThrow(SampleRangeError);
  });

  it('walks a range in batches, the last one padded', () => {
    const batches = [...batchesOf(dataset, 0, 3, 2)];
    expect(batches.map(({ y }) => y)).toEqual([Int32Array.of(2, 0), Int32Array.of(1, 0)]);
    expect(batches.map(({ weight }) => weight)).toEqual([Float32Array.of(1, 1), Float32Array.of(1, 0)]);
  });
});

describe('textDataset', () => {
  const text = 'abcdefghijklmnopqrst';
  const tokenizer = tokenizerOf('char', text);
  const open = (parts: Partial<TextParts>, split = { from: 0, to: 1 }): ReturnType<typeof textDataset> =>
    textDataset({
      source: { type: 'text', files: ['t'], tokenizer: 'char', block: 4, split, sha256: [''] },
      root,
      tokens: tokenizer.encode(text),
      tokenizer,
      windows: 'every',
      ...parts,
    });

  it('trains on windows at any offset; targets are one token later', () => {
    const dataset = open({});
    expect(dataset.size).toBe(16);
    expect(dataset.batch([2, 15], 3)).toEqual({
      tokens: Int32Array.of(2, 3, 4, 5, 15, 16, 17, 18, 0, 0, 0, 0),
      targets: Int32Array.of(3, 4, 5, 6, 16, 17, 18, 19, 0, 0, 0, 0),
      weight: Float32Array.of(1, 1, 0),
    });
  });

  it('evaluates every target once', () => {
    const dataset = open({ windows: 'disjoint' });
    const targets = Array.from({ length: dataset.size }, (_, i) => [
      ...(dataset.batch([i], 1)['targets'] as Int32Array),
    ]).flat();
    expect(targets).toEqual(Array.from({ length: 16 }, (_, i) => i + 1));
  });

  it('keeps the parts of a split apart', () => {
    const part = (from: number, to: number): string => {
      const dataset = open({}, { from, to });
      const seen = Array.from({ length: dataset.size }, (_, i) => [
        ...(dataset.batch([i], 1)['tokens'] as Int32Array),
        (dataset.batch([i], 1)['targets'] as Int32Array)[3] as number,
      ]);
      return [...new Set(seen.flat())].map((token) => tokenizer.decode([token])).join('');
    };
    expect(part(0, 0.7)).toBe('abcdefghijklmn');
    expect(part(0.7, 1)).toBe('opqrst');
  });

  it('refuses a part that holds no window', () => {
    expect(() => open({}, { from: 0.8, to: 1 })).toThrow('has 4 tokens in the part 0.8 to 1, fewer than block + 1 = 5');
    expect(open({}, { from: 0.75, to: 1 }).size).toBe(1);
  });

  it('says what it is', () => {
    expect(open({ tokenizer: byteTokenizer }).describe()).toBe(
      '20 tokens of text in 16 windows of 4, byte vocabulary of 256',
    );
  });
});

describe('textOf', () => {
  it('reads UTF-8 without its mark, strictly', () => {
    expect(textOf(utf8('\ufeffwhale'), 'f', undefined)).toBe('whale');
    expect(() => textOf(Uint8Array.of(0x41, 0xff), 'f.txt', undefined)).toThrow('f.txt is not UTF-8');
  });

  it('takes one field of JSON records, of one record, and of JSON lines', () => {
    expect(textOf(utf8('[{"text":"a"},{"text":"b","x":1}]'), 'f.json', 'text')).toBe('a\nb');
    expect(textOf(utf8('{"text":"a"}'), 'f.json', 'text')).toBe('a');
    expect(textOf(utf8('{"body":"a"}\n\n{"body":"b"}\n'), 'f.jsonl', 'body')).toBe('a\nb');
  });

  it.each([
    ['[{"text":"a"},{"body":"b"}]', 'record 1'],
    ['[null]', 'record 0'],
    ['[{"text":5}]', 'record 0'],
    ['{"text":', 'is not JSON'],
  ])('refuses %s', (json, reason) => {
    expect(() => textOf(utf8(json), 'f.json', 'text')).toThrow(DataFormatError);
    expect(() => textOf(utf8(json), 'f.json', 'text')).toThrow(reason);
  });

  it('leaves no lone surrogate in the text', () => {
    expect(textOf(utf8(String.raw`{"text":"a\ud800b"}`), 'f.json', 'text')).toBe('a\ufffdb');
  });
});
