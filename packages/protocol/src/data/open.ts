/** From the `data` section of a job to its two datasets. */
import { bytesOf } from '../core/digest.ts';
import { hash } from '../core/ids.ts';
import type { Hash } from '../core/ids.ts';
import type { DataSource, DataSpec, ResolvedSource } from '../job/data.ts';
import type { DataFacts } from '../job/resolved.ts';
import { leafDigest, tensorTree } from '../merkle/tensor-tree.ts';
import type { Dataset } from './dataset.ts';
import { DataFormatError, TokenError } from './errors.ts';
import { imageDataset } from './image-dataset.ts';
import { parseIdx } from './idx.ts';
import { textDataset } from './text-dataset.ts';
import { textOf } from './text.ts';
import { tokenizerOf } from './tokenizer.ts';
import type { Tokenizer } from './tokenizer.ts';

export interface JobDatasets {
  readonly train: Dataset;
  /** Held out. Its text is read with the training text's vocabulary. */
  readonly eval: Dataset;
}

type TextSource = Extract<DataSource, { type: 'text' }>;
type IdxSource = Extract<DataSource, { type: 'idx' }>;

/** Bytes of a data file, packed or unpacked, unless somebody says otherwise. */
export const DEFAULT_FILE_LIMIT = 1 << 30;

/** A data file with its content. */
export interface DataFile {
  readonly location: string;
  /** Of the file as it lies there, 64 hexadecimal digits. */
  readonly sha256: string;
  /** Its content, unpacked. */
  readonly bytes: Uint8Array;
}

/** Reads the file at `location`, whose hash must be `sha256` unless that is undefined. It is called once a file. */
export type ReadDataFile = (location: string, sha256: string | undefined) => Promise<DataFile>;

/**
 * Opens both datasets of a job; a file that both name is read once.
 * @param data a job's `data`, resolved or not; where it names hashes they are checked
 * @throws the errors of `errors.ts`, each naming its file
 */
export async function openDatasetsWith(
  data: Pick<DataSpec, 'train' | 'eval'>,
  readFile: ReadDataFile,
): Promise<JobDatasets> {
  const files = new Map<string, Promise<DataFile>>();
  const read: ReadDataFile = (location, sha256) => {
    const key = `${sha256 ?? ''} ${location}`;
    const file = files.get(key) ?? readFile(location, sha256);
    files.set(key, file);
    return file;
  };
  const train = await openSource(data.train, read, null);
  return { train, eval: await openSource(data.eval, read, train) };
}

/** What `resolveJob` needs to know of the data. */
export function dataFactsOf({ train, eval: held }: JobDatasets): DataFacts {
  const facts = { train: train.source, eval: held.source, trainSamples: train.size, evalSamples: held.size };
  if (train.tokenizer !== null) return { ...facts, vocabulary: train.tokenizer.size };
  const classes = Math.max(train.classes ?? 0, held.classes ?? 0);
  return train.image === null ? facts : { ...facts, image: train.image, classes };
}

/** The tensor tree whose leaves hold the files' SHA-256 digests, in order. */
function datasetRoot(files: readonly DataFile[]): Hash {
  return tensorTree(files.map(({ sha256 }) => leafDigest(bytesOf(hash(`0x${sha256}`))))).root;
}

/** @param train the training data, for a source of held-out samples */
async function openSource(source: DataSource, read: ReadDataFile, train: Dataset | null): Promise<Dataset> {
  return source.type === 'idx' ? openImages(source, read) : openText(source, read, train);
}

async function openImages(source: IdxSource, read: ReadDataFile): Promise<Dataset> {
  const images = await read(source.images, source.sha256?.images);
  const labels = await read(source.labels, source.sha256?.labels);
  return imageDataset({
    source: { ...source, sha256: { images: images.sha256, labels: labels.sha256 } },
    root: datasetRoot([images, labels]),
    images: parseIdx(images.bytes, source.images),
    labels: parseIdx(labels.bytes, source.labels),
  });
}

async function openText(source: TextSource, read: ReadDataFile, train: Dataset | null): Promise<Dataset> {
  const files: DataFile[] = [];
  for (const [index, location] of source.files.entries()) files.push(await read(location, source.sha256?.[index]));
  const text = files.map((file) => textOf(file.bytes, file.location, source.field)).join('\n');
  const name = source.files.join(', ');
  const tokenizer = train?.tokenizer ?? tokenizerOf(source.tokenizer, text, name);
  if (tokenizer.type !== source.tokenizer) {
    throw new DataFormatError({
      location: name,
      reason: `is to be read by ${source.tokenizer}s, the training text by ${tokenizer.type}s`,
      mend: 'Give both the same tokenizer.',
    });
  }
  const resolved: ResolvedSource = { ...source, sha256: files.map((file) => file.sha256) };
  const windows = train === null ? 'every' : 'disjoint';
  return textDataset({
    source: resolved,
    root: datasetRoot(files),
    tokens: encode(tokenizer, text, name),
    tokenizer,
    windows,
  });
}

/** Held-out text can have characters that the training text lacks; the error then names its files. */
function encode(tokenizer: Tokenizer, text: string, location: string): Uint16Array {
  try {
    return tokenizer.encode(text);
  } catch (cause) {
    if (!(cause instanceof TokenError)) throw cause;
    throw new DataFormatError({
      location,
      reason: 'has characters that the training text lacks',
      mend: cause.mend,
      cause,
    });
  }
}
