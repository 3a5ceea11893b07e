/** A data file from the page's origin: streamed, bounded, its hash checked before anybody reads it. */
import { bytesToHex } from '@noble/hashes/utils.js';
import { sha256 } from '@murmuration/protocol';
import { DataDownloadError, DataHashError, DataSizeError } from '@murmuration/protocol/data-core';

export interface FetchFileOptions {
  readonly url: string;
  /** As the job names it, for errors. */
  readonly location: string;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
  /** Most bytes that are taken. */
  readonly limit: number;
  /** Told of the bytes that are here so far. */
  readonly onProgress: (received: number) => void;
  /** Ends the download. */
  readonly signal: AbortSignal;
  readonly fetch?: typeof fetch;
}

/** The file as it lies at `url`. @throws DataDownloadError, DataSizeError, DataHashError */
export async function fetchFile(options: FetchFileOptions): Promise<Uint8Array<ArrayBuffer>> {
  const { location, sha256: expected } = options;
  const bytes = await download(options);
  const actual = await sha256Hex(bytes);
  if (actual !== expected) throw new DataHashError({ location, expected, actual });
  return bytes;
}

async function download(options: FetchFileOptions): Promise<Uint8Array<ArrayBuffer>> {
  const { url, location, signal, fetch: get = fetch } = options;
  try {
    // Every redirect of this server would be a mistake, and one to elsewhere would tell others who trains what.
    const response = await get(url, { redirect: 'error', credentials: 'omit', cache: 'no-store', signal });
    if (!response.ok) throw new DataDownloadError({ location, reason: `the server answered ${response.status}` });
    return await collect(response, options);
  } catch (cause) {
    if (cause instanceof DataDownloadError || cause instanceof DataSizeError) throw cause;
    throw new DataDownloadError({ location, reason: cause instanceof Error ? cause.message : String(cause), cause });
  }
}

async function collect(
  { body }: Response,
  { location, limit, onProgress, signal }: FetchFileOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let received = 0;
  for await (const chunk of chunksOf(body)) {
    signal.throwIfAborted();
    received += chunk.length;
    if (received > limit) throw new DataSizeError({ location, what: 'bytes', limit });
    chunks.push(chunk);
    onProgress(received);
  }
  return joined(chunks, received);
}

/** A stream's chunks; a reader that stops cancels it. */
export async function* chunksOf(body: ReadableStream<Uint8Array> | null): AsyncGenerator<Uint8Array> {
  if (body === null) return;
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

export function joined(chunks: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

/** By the browser's own library where the page may use it. */
export async function sha256Hex(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const subtle = globalThis.crypto.subtle as SubtleCrypto | undefined;
  return bytesToHex(subtle === undefined ? sha256(bytes) : new Uint8Array(await subtle.digest('SHA-256', bytes)));
}
