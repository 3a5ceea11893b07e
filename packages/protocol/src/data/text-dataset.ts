/** Windows of a tokenized text. Inputs: `tokens` i32 `[block]`, and `targets` i32 `[block]`, the same one token later. */
import type { Hash } from '../core/ids.ts';
import type { ResolvedSource } from '../job/data.ts';
import { checkIndices, weightsOf } from './dataset.ts';
import type { Dataset } from './dataset.ts';
import { DataFormatError } from './errors.ts';
import type { Tokenizer } from './tokenizer.ts';

type ResolvedTextSource = Extract<ResolvedSource, { type: 'text' }>;

/**
 * What a sample is: in training, the window at any offset (n = length − block); in evaluation, windows that share no
 * target (n = ⌊(length − 1) / block⌋), so that every token is predicted once.
 */
type Windows = 'every' | 'disjoint';

export interface TextParts {
  readonly source: ResolvedTextSource;
  readonly root: Hash;
  /** The whole text; the source's `split` is taken here. */
  readonly tokens: Uint16Array;
  readonly tokenizer: Tokenizer;
  readonly windows: Windows;
}

/**
 * The dataset of `parts`: a window starts at sample · stride of the part of the text that `split` names,
 * tokens [⌊from·length⌋, ⌊to·length⌋).
 * @throws DataFormatError when that part has no window
 */
export function textDataset({ source, root, tokens: text, tokenizer, windows }: TextParts): Dataset {
  const { block, split } = source;
  const part = text.subarray(Math.floor(split.from * text.length), Math.floor(split.to * text.length));
  const stride = windows === 'every' ? 1 : block;
  const size = Math.floor((part.length - 1 - block) / stride) + 1;
  if (size < 1) {
    throw new DataFormatError({
      location: source.files.join(', '),
      reason: `has ${part.length} tokens in the part ${split.from} to ${split.to}, fewer than block + 1 = ${block + 1}`,
      mend: 'Use a longer text, a wider split or a shorter block.',
    });
  }
  return {
    size,
    inputs: [
      { name: 'tokens', dtype: 'i32', shape: [block] },
      { name: 'targets', dtype: 'i32', shape: [block] },
    ],
    root,
    source,
    image: null,
    classes: null,
    tokenizer,
    describe: () =>
      `${part.length} tokens of text in ${size} windows of ${block}, ${tokenizer.type} vocabulary of ${tokenizer.size}`,
    batch: (indices, padTo) => {
      checkIndices(indices, padTo, size);
      const tokens = new Int32Array(padTo * block);
      const targets = new Int32Array(padTo * block);
      indices.forEach((index, row) => {
        const start = index * stride;
        tokens.set(part.subarray(start, start + block), row * block);
        targets.set(part.subarray(start + 1, start + 1 + block), row * block);
      });
      return { tokens, targets, weight: weightsOf(indices.length, padTo) };
    },
  };
}
