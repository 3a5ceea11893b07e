/** Files that were damaged, and files that mean nothing: each ends in a model or in one of two errors, within bounded memory. */
import { describe, expect, it } from 'vitest';
import { OnnxFileError, OnnxImportError } from './errors.ts';
import { OnnxModel } from './onnx-model.ts';
import { fixtureData, fixtureFile, type FixtureName } from './testing/fixtures.ts';
import { mutate, wordsFrom } from './testing/mutate.ts';
import { randomModel } from './testing/random-model.ts';

/** Bytes by which the process may have grown after thousands of files; one bomb that goes off is far beyond it. */
const MEMORY = 512 * 2 ** 20;

type Outcome = 'imported' | 'file' | 'model';

/** @throws whatever is none of the two errors */
function outcomeOf(file: Uint8Array, sample: readonly number[]): Outcome {
  try {
    new OnnxModel(file).bind(2, sample);
    return 'imported';
  } catch (error) {
    if (error instanceof OnnxFileError) return 'file';
    if (error instanceof OnnxImportError && error.issues.length > 0) return 'model';
    throw error;
  }
}

/** How often each outcome came of `count` files; the number of a file that breaks the rule is in the error. */
function outcomes(count: number, sample: readonly number[], make: () => Uint8Array): Record<Outcome, number> {
  const found: Record<Outcome, number> = { imported: 0, file: 0, model: 0 };
  const before = process.memoryUsage().rss;
  for (let index = 0; index < count; index++) {
    try {
      found[outcomeOf(make(), sample)]++;
    } catch (cause) {
      throw new Error(`file ${index}`, { cause });
    }
  }
  expect(process.memoryUsage().rss - before).toBeLessThan(MEMORY);
  return found;
}

describe('a hostile file', () => {
  it.each([
    ['mlp', 4500],
    ['convnet', 3000],
    ['transformer', 500],
  ] satisfies [FixtureName, number][])('made of the %s by damage ends well, %i times', (name, count) => {
    const [original, next] = [fixtureFile(name), wordsFrom(0x5eed)];
    const found = outcomes(count, fixtureData[name].sample, () => mutate(original, next));
    expect(Math.min(...Object.values(found))).toBeGreaterThan(0);
  });

  it('made of random operators ends well, 4000 times', () => {
    const next = wordsFrom(0xfab);
    const found = outcomes(4000, [3, 4, 4], () => randomModel(next));
    expect(found.imported).toBeGreaterThan(100);
    expect(found.model).toBeGreaterThan(1000);
  });
});
