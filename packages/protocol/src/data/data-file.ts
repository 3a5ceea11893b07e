/** Reads one data file: found, size-limited, checked against its hash, unpacked if it is gzip. */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { download } from './download.ts';
import type { DownloadContext } from './download.ts';
import { DataFileMissingError, DataFormatError, DataHashError, DataLocationError, DataSizeError } from './errors.ts';
import { resolveLocation } from './location.ts';
import type { LocationContext } from './location.ts';
import { DEFAULT_FILE_LIMIT, type DataFile } from './open.ts';

export interface DataContext extends LocationContext, DownloadContext {
  /** Bytes that a file may have, packed or unpacked. */
  readonly fileLimit?: number | undefined;
}

const unpack = promisify<Uint8Array, { maxOutputLength: number }, Buffer>(gunzip);

/**
 * Reads the file at `location`.
 * @param sha256 what its hash must be; undefined takes the file as it is (never for `https:`)
 * @throws DataLocationError, DataFileMissingError, DataDownloadError, DataSizeError, DataHashError, DataFormatError
 */
export async function readDataFile(
  location: string,
  sha256: string | undefined,
  context: DataContext,
): Promise<DataFile> {
  const limit = context.fileLimit ?? DEFAULT_FILE_LIMIT;
  const packed = await readPacked(location, sha256, limit, context);
  const actual = createHash('sha256').update(packed).digest('hex');
  if (sha256 !== undefined && actual !== sha256) throw new DataHashError({ location, expected: sha256, actual });
  const isGzip = packed[0] === 0x1f && packed[1] === 0x8b;
  return { location, sha256: actual, bytes: isGzip ? await unpackFile(packed, location, limit) : packed };
}

async function readPacked(
  location: string,
  sha256: string | undefined,
  limit: number,
  context: DataContext,
): Promise<Uint8Array> {
  const resolved = await resolveLocation(location, context);
  if (resolved.kind === 'path') return readLocal(location, resolved.path, limit);
  if (sha256 === undefined) {
    throw new DataLocationError({
      location,
      reason: 'a file from the network needs its hash',
      mend: 'Give sha256 in the job.',
    });
  }
  return download(resolved.url, sha256, limit, context);
}

async function readLocal(location: string, path: string, limit: number): Promise<Uint8Array> {
  const missing = (cause: unknown): never => {
    throw new DataFileMissingError({
      location,
      searched: [path],
      mend: 'Make the file readable, or correct the location.',
      cause,
    });
  };
  const entry = await stat(path).catch(missing);
  if (!entry.isFile())
    throw new DataLocationError({ location, reason: 'it is not a file', mend: 'Name a single file.' });
  if (entry.size > limit) throw new DataSizeError({ location, what: 'bytes', limit });
  return readFile(path).catch(missing);
}

async function unpackFile(packed: Uint8Array, location: string, limit: number): Promise<Uint8Array> {
  try {
    return await unpack(packed, { maxOutputLength: limit });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw new DataSizeError({ location, what: 'unpacked bytes', limit });
    throw new DataFormatError({ location, reason: 'is damaged gzip', mend: 'Fetch it again.', cause });
  }
}
