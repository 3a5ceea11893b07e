/** `@murmuration/protocol/data-core`: what samples are, in which order they come, and how files become them. No Node import. */
export { byteTokenizer, charTokenizer, tokenizerOf, VOCABULARY_LIMIT, vocabularyOf } from './tokenizer.ts';
export type { Tokenizer } from './tokenizer.ts';
export { batchesOf } from './dataset.ts';
export type { Batch, Dataset, DatasetInput } from './dataset.ts';
export { createSampler } from './sampler.ts';
export type { Sampler, SamplerOptions } from './sampler.ts';
export { dataFactsOf, DEFAULT_FILE_LIMIT, openDatasetsWith } from './open.ts';
export type { DataFile, JobDatasets, ReadDataFile } from './open.ts';
export * from './errors.ts';
