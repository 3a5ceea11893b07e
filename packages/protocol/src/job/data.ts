/**
 * The `data` section: where samples come from. A resolved source names the SHA-256 of every file, so a worker reads
 * nothing but the bytes that the job's owner has too, wherever a location points on the worker's disk.
 */
import { z } from 'zod';
import {
  dataLocation,
  fraction,
  must,
  nonNegativeNumber,
  positiveInteger,
  positiveNumber,
  sha256Text,
  text,
} from './fields.ts';

const idxFields = {
  /** Images and labels in the IDX format of MNIST. */
  type: z.literal('idx'),
  images: dataLocation,
  labels: dataLocation,
  /** A pixel p in [0, 255] becomes (p / 255 − mean) / std. */
  mean: nonNegativeNumber.default(0),
  std: positiveNumber.default(1),
};
const idxHashes = z.strictObject({ images: sha256Text, labels: sha256Text });

const textFields = {
  /** UTF-8 text, cut into blocks of tokens. */
  type: z.literal('text'),
  files: z
    .array(dataLocation, must('a list of text files'))
    .min(1, must('a list of at least one text file'))
    .max(1024, must('a list of at most 1024 text files')),
  /** `byte`: 256 tokens. `char`: one token for each character that occurs in the files, in code point order. */
  tokenizer: z.enum(['byte', 'char']).default('char'),
  /** Tokens of a sample. */
  block: positiveInteger.max(65_536, must('an integer from 1 to 65536')).default(64),
  /** The part of the whole text that this source uses, as fractions of its tokens. */
  split: z.strictObject({ from: fraction.default(0), to: fraction.default(1) }).prefault({}),
  /** For JSON files: the field that holds the text. */
  field: text('the name of a JSON field', 128).optional(),
};
const textHashes = z.array(sha256Text, must('a list with one sha256 a file'));

export const dataSourceSchema = z.discriminatedUnion('type', [
  z.strictObject({ ...idxFields, sha256: idxHashes.optional() }),
  z.strictObject({ ...textFields, sha256: textHashes.optional() }),
]);

export const resolvedSourceSchema = z.discriminatedUnion('type', [
  z.strictObject({ ...idxFields, sha256: idxHashes }),
  z.strictObject({ ...textFields, sha256: textHashes }),
]);

export const dataSpecSchema = z.strictObject({ train: dataSourceSchema, eval: dataSourceSchema });

export type DataSource = z.infer<typeof dataSourceSchema>;
export type DataSpec = z.infer<typeof dataSpecSchema>;
/** A source whose every file has its SHA-256. */
export type ResolvedSource = z.infer<typeof resolvedSourceSchema>;
