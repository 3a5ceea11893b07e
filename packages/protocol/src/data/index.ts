/** `@murmuration/protocol/data`: what samples are, in which order they come, and the files behind them (Node). */
export { byteTokenizer, charTokenizer, tokenizerOf, VOCABULARY_LIMIT, vocabularyOf } from './tokenizer.ts';
export type { Tokenizer } from './tokenizer.ts';
export { batchesOf } from './dataset.ts';
export type { Batch, Dataset, DatasetInput } from './dataset.ts';
export { createSampler } from './sampler.ts';
export type { Sampler, SamplerOptions } from './sampler.ts';
export { DEFAULT_FILE_LIMIT } from './data-file.ts';
export type { DataContext } from './data-file.ts';
export { userCacheDirectory } from './download.ts';
export { dataFactsOf, openDatasets } from './open.ts';
export type { JobDatasets } from './open.ts';
export * from './errors.ts';
