/** Where the bytes of a job's data files lie on this machine, for who passes them on. */
import { join } from 'node:path';
import type { ResolvedSource } from '../job/data.ts';
import type { DataContext } from './data-file.ts';
import { userCacheDirectory } from './download.ts';
import { resolveLocation } from './location.ts';

export interface NamedFile {
  readonly location: string;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
}

/** The files that a source is made of. */
function filesOf(source: ResolvedSource): NamedFile[] {
  if (source.type === 'idx')
    return (['images', 'labels'] as const).map((part) => ({ location: source[part], sha256: source.sha256[part] }));
  return source.files.map((location, index) => ({ location, sha256: source.sha256[index] ?? '' }));
}

/** The files of both sources, each once. */
export function namedFiles(data: { readonly train: ResolvedSource; readonly eval: ResolvedSource }): NamedFile[] {
  const all = [...filesOf(data.train), ...filesOf(data.eval)];
  return [...new Map(all.map((file) => [file.sha256, file])).values()];
}

/**
 * The path of a file that has been read: what came from the network lies in the cache under its hash.
 * @throws DataLocationError, DataFileMissingError
 */
export async function pathOfDataFile({ location, sha256 }: NamedFile, context: DataContext): Promise<string> {
  const found = await resolveLocation(location, context);
  return found.kind === 'path' ? found.path : join(context.cacheDirectory ?? userCacheDirectory(), sha256);
}
