/**
 * Files from https addresses. The hash is known before the download begins, so a file is kept by its hash in the user's
 * cache, and a server can do no more than waste the size limit.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { DataDownloadError, DataHashError, DataSizeError } from './errors.ts';
import { resolveAddress } from './location.ts';
import type { LocationContext } from './location.ts';

/** Redirects that are followed. */
const MAX_REDIRECTS = 5;

export interface DownloadContext {
  /** Where downloads are kept; {@link userCacheDirectory} by default. */
  readonly cacheDirectory?: string | undefined;
  /** What to fetch with; the global `fetch` by default. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  readonly signal?: AbortSignal | undefined;
}

type Asker = DownloadContext & Pick<LocationContext, 'confined'>;

/** The folder of this user's cached data files. */
export function userCacheDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  return join(environment['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'murmuration', 'data');
}

const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/**
 * The bytes behind `url`, from the cache or the network.
 * @param sha256 64 hexadecimal digits
 * @throws DataDownloadError, DataSizeError, DataHashError; nothing stays in the cache then
 */
export async function download(url: URL, sha256: string, limit: number, context: Asker): Promise<Uint8Array> {
  const directory = context.cacheDirectory ?? userCacheDirectory();
  const kept = join(directory, sha256);
  const cached = await readFile(kept).catch(() => null);
  if (cached !== null && sha256Of(cached) === sha256) return cached;
  await mkdir(directory, { recursive: true });
  const partial = join(directory, `${sha256}.${randomUUID()}.partial`);
  try {
    await fetchInto(partial, url, sha256, limit, context);
    await rename(partial, kept);
  } finally {
    await rm(partial, { force: true });
  }
  return readFile(kept);
}

async function fetchInto(path: string, url: URL, sha256: string, limit: number, context: Asker): Promise<void> {
  const file = await open(path, 'wx');
  try {
    const actual = await stream(file, await request(url, context), url, limit);
    if (actual !== sha256) throw new DataHashError({ location: url.href, expected: sha256, actual });
  } finally {
    await file.close();
  }
}

/** Follows redirects itself: each target must be one that the job could have named, before it is asked for anything. */
async function request(url: URL, context: Asker): Promise<Response> {
  let at = url;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const response = await ask(at, context);
    const target = response.status >= 300 && response.status < 400 ? response.headers.get('location') : null;
    if (target === null) return accepted(url, response);
    await response.body?.cancel();
    at = redirected(at, target, context);
  }
  throw new DataDownloadError({ location: url.href, reason: `it redirects more than ${MAX_REDIRECTS} times` });
}

async function ask(url: URL, { fetch = globalThis.fetch, signal }: Asker): Promise<Response> {
  try {
    return await fetch(url, { signal: signal ?? null, redirect: 'manual' });
  } catch (cause) {
    throw new DataDownloadError({ location: url.href, reason: reasonOf(cause), cause });
  }
}

function redirected(from: URL, target: string, context: Asker): URL {
  const to = URL.parse(target, from);
  if (to?.protocol !== 'https:')
    throw new DataDownloadError({
      location: from.href,
      reason: `it redirects to ${to?.protocol ?? 'no valid address'}`,
    });
  return resolveAddress(to.href, context);
}

function accepted(url: URL, response: Response): Response {
  if (response.ok) return response;
  const reason = `the server answered ${response.status} ${response.statusText}`.trim();
  throw new DataDownloadError({ location: url.href, reason });
}

/** Writes the body to `file` as it arrives; its SHA-256. */
async function stream(file: FileHandle, response: Response, url: URL, limit: number): Promise<string> {
  const hash = createHash('sha256');
  let received = 0;
  try {
    for await (const chunk of response.body ?? []) {
      received += chunk.length;
      if (received > limit) throw new DataSizeError({ location: url.href, what: 'bytes', limit });
      hash.update(chunk);
      await file.writeFile(chunk);
    }
  } catch (cause) {
    if (cause instanceof DataSizeError) throw cause;
    throw new DataDownloadError({ location: url.href, reason: reasonOf(cause), cause });
  }
  return hash.digest('hex');
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return cause.cause instanceof Error ? `${cause.message} (${cause.cause.message})` : cause.message;
}
