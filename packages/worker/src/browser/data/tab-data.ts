/** The data of a job in a page: from the cache, else from the page's origin, file by file, each checked by its hash. */
import type { JoinOffer } from '@murmuration/protocol/dashboard';
import { apiPaths } from '@murmuration/protocol/dashboard';
import {
  DataDownloadError,
  DataLocationError,
  DEFAULT_FILE_LIMIT,
  openDatasetsWith,
  type DataFile,
  type JobDatasets,
} from '@murmuration/protocol/data-core';
import type { ResolvedJob } from '@murmuration/protocol/job';
import type { Clock } from '@murmuration/protocol/net-core';
import { pause } from '../../shell/pause.ts';
import type { TabReportOf } from '../face.ts';
import { fetchFile, sha256Hex } from './fetch-file.ts';
import { browserCache, type FileCache } from './file-cache.ts';
import { isGzip, unpack } from './unpack.ts';

const ATTEMPTS = 4;
/** Milliseconds before the second attempt; doubles. */
const PAUSE = 500;

export interface TabDataOptions {
  readonly origin: string;
  /** Names and sizes: no more than that is taken of a file. */
  readonly files: JoinOffer['files'];
  readonly clock: Clock;
  readonly report: (report: TabReportOf<'tab.data'>) => void;
  readonly cache?: FileCache;
  readonly fetch?: typeof fetch;
}

export class TabData {
  readonly #options: TabDataOptions;
  readonly #cache: FileCache;
  readonly #files = new Map<string, Promise<Uint8Array<ArrayBuffer>>>();
  /** Bytes that are here of each file, and those that needed no download. */
  readonly #received = new Map<string, number>();
  readonly #left = new AbortController();
  #cached = 0;

  constructor(options: TabDataOptions) {
    this.#options = options;
    this.#cache = options.cache ?? browserCache();
  }

  /** Begins to get the offered files, while the page connects and compiles. What goes wrong is told when a job asks for the file. */
  begin(): void {
    for (const { sha256 } of this.#options.files) this.#file(sha256, sha256).catch(() => undefined);
  }

  /** Ends what is on its way: whoever has left downloads nothing more. */
  close(): void {
    this.#left.abort();
  }

  /** @throws the errors of data */
  async open(data: ResolvedJob['data']): Promise<JobDatasets> {
    try {
      return await openDatasetsWith(data, (location, sha256) => this.#read(location, sha256));
    } finally {
      // Datasets hold what they need.
      this.#files.clear();
    }
  }

  async #read(location: string, sha256: string | undefined): Promise<DataFile> {
    if (sha256 === undefined || !/^[0-9a-f]{64}$/.test(sha256)) {
      throw new DataLocationError({
        location,
        reason: 'a file from the network needs its hash',
        mend: 'Leave this run: its coordinator states a job that no worker can check.',
      });
    }
    const packed = await this.#file(location, sha256);
    return {
      location,
      sha256,
      bytes: isGzip(packed) ? await unpack(packed, { location, limit: DEFAULT_FILE_LIMIT }) : packed,
    };
  }

  /** A file as it lies on the server, got once; one that failed is tried anew by whoever asks next. */
  #file(location: string, sha256: string): Promise<Uint8Array<ArrayBuffer>> {
    const present = this.#files.get(sha256);
    if (present !== undefined) return present;
    const file = this.#get(location, sha256);
    this.#files.set(sha256, file);
    file.catch(() => this.#files.delete(sha256));
    return file;
  }

  async #get(location: string, sha256: string): Promise<Uint8Array<ArrayBuffer>> {
    const limit = this.#sizeOf(sha256) ?? DEFAULT_FILE_LIMIT;
    return (await this.#fromCache(sha256)) ?? (await this.#download(location, sha256, limit));
  }

  /** What a cache holds may have been damaged or replaced: it counts only if its hash is right. */
  async #fromCache(sha256: string): Promise<Uint8Array<ArrayBuffer> | null> {
    const bytes = await this.#cache.get(sha256);
    if (bytes === null) return null;
    if ((await sha256Hex(bytes)) !== sha256) {
      await this.#cache.delete(sha256);
      return null;
    }
    this.#cached += bytes.length;
    this.#note(sha256, bytes.length);
    return bytes;
  }

  async #download(location: string, sha256: string, limit: number): Promise<Uint8Array<ArrayBuffer>> {
    const { origin, clock, fetch } = this.#options;
    const { signal } = this.#left;
    const url = new URL(apiPaths.data.replace(':sha256', sha256), origin).href;
    for (let attempt = 1; ; attempt++) {
      try {
        const onProgress = (received: number): void => this.#note(sha256, received);
        const bytes = await fetchFile({ url, location, sha256, limit, onProgress, signal, ...(fetch && { fetch }) });
        await this.#cache.put(sha256, bytes);
        return bytes;
      } catch (error) {
        // A network that is away for a moment comes back; a wrong file stays wrong.
        if (signal.aborted || attempt === ATTEMPTS || !(error instanceof DataDownloadError)) throw error;
        await pause(clock, PAUSE * 2 ** (attempt - 1), signal);
      }
    }
  }

  #sizeOf(sha256: string): number | undefined {
    return this.#options.files.find((file) => file.sha256 === sha256)?.bytes;
  }

  #note(sha256: string, received: number): void {
    if (this.#left.signal.aborted) return;
    this.#received.set(sha256, received);
    const sum = [...this.#received.values()].reduce((total, bytes) => total + bytes, 0);
    const offered = this.#options.files.reduce((total, { bytes }) => total + bytes, 0);
    this.#options.report({
      event: 'tab.data',
      received: sum,
      cached: this.#cached,
      bytes: Math.max(sum, offered),
    });
  }
}
