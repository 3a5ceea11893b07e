/** Data files that were downloaded once, by hash, in the browser's Cache API. What is read from it is checked like a download. */

export interface FileCache {
  /** Null when it is not there. */
  get(sha256: string): Promise<Uint8Array<ArrayBuffer> | null>;
  /** Keeps a file if there is room: a cache that can't be written costs a download next time, never a run. */
  put(sha256: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  delete(sha256: string): Promise<void>;
}

const NAME = 'murmuration-data-1';
/** A name that no request of the page has. */
const nameOf = (sha256: string): string => `/cached-data/${sha256}`;

/** Empty for ever where the page may not store anything (plain http). */
export function browserCache(): FileCache {
  const storage = globalThis.caches as CacheStorage | undefined;
  const opened = storage?.open(NAME).catch(() => null) ?? Promise.resolve(null);
  return {
    async get(sha256) {
      const response = await (await opened)?.match(nameOf(sha256)).catch(() => undefined);
      return response === undefined ? null : new Uint8Array(await response.arrayBuffer());
    },
    async put(sha256, bytes) {
      await (await opened)?.put(nameOf(sha256), new Response(bytes)).catch(() => undefined);
    },
    async delete(sha256) {
      await (await opened)?.delete(nameOf(sha256)).catch(() => false);
    },
  };
}
