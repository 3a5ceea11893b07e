/** `@murmuration/protocol/data`: what samples are, in which order they come, and the files behind them (Node). */
export * from './core.ts';
export type { DataContext } from './data-file.ts';
export { userCacheDirectory } from './download.ts';
export { openDatasets } from './open-files.ts';
export { namedFiles, pathOfDataFile, type NamedFile } from './locate.ts';
