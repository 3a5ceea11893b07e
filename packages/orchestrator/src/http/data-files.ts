/**
 * The job's data files for members that have no disk: named by their hash, and answered only while they still have it. The
 * list is made once, from what the coordinator itself opened; nothing of a request is part of a path.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { Refusal } from './refusal.ts';

export interface DataFileEntry {
  readonly sha256: string;
  readonly bytes: number;
  /** Absolute. Never leaves this process. */
  readonly path: string;
}

/** The part of a file that is asked for; `to` inclusive. */
interface Part {
  readonly from: number;
  readonly to: number;
}

/** Reads one `bytes=…` range. Several, or other units, are answered by the whole file (null). @throws Refusal */
export function partOf(header: string | undefined, size: number): Part | null {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? [];
  if (first === '' && last === '') return null;
  const from = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const to = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (from > to) throw new Refusal('range', { headers: { 'content-range': `bytes */${size}` } });
  return { from, to };
}

async function digestOf(path: string): Promise<string> {
  const digest = createHash('sha256');
  await pipeline(createReadStream(path), digest);
  return digest.digest('hex');
}

export class DataFiles {
  readonly #files: ReadonlyMap<string, DataFileEntry>;
  /** What a file looked like when its hash was found right, by its hash. */
  readonly #checked = new Map<string, string>();
  /** Checks under way: many ask for the same file at once. */
  readonly #checking = new Map<string, Promise<void>>();

  constructor(files: readonly DataFileEntry[]) {
    this.#files = new Map(files.map((file) => [file.sha256, file]));
  }

  /** Answers with the file of that hash, or a part of it. @throws Refusal */
  async answer(response: ServerResponse, sha256: string): Promise<void> {
    const file = this.#files.get(sha256);
    if (file === undefined) throw new Refusal('noSuchFile');
    const { method, headers } = response.req;
    await this.#check(file);
    const part = partOf(headers.range, file.bytes);
    const { from, to } = part ?? { from: 0, to: file.bytes - 1 };
    response.writeHead(part === null ? 200 : 206, {
      'content-type': 'application/octet-stream',
      'content-length': to - from + 1,
      'accept-ranges': 'bytes',
      etag: `"${sha256}"`,
      'cache-control': 'public, max-age=31536000, immutable',
      ...(part === null ? {} : { 'content-range': `bytes ${from}-${to}/${file.bytes}` }),
    });
    if (method === 'HEAD' || file.bytes === 0) {
      response.end();
      return;
    }
    // A client that goes away in the middle is its own affair.
    await pipeline(createReadStream(file.path, { start: from, end: to }), response).catch(() => response.destroy());
  }

  /** Reads the file through once, and again whenever it has been touched. @throws Refusal */
  async #check(file: DataFileEntry): Promise<void> {
    const { size, mtimeMs, ino } = await stat(file.path).catch(() => ({ size: -1, mtimeMs: 0, ino: 0 }));
    const look = `${size} ${mtimeMs} ${ino}`;
    if (size !== file.bytes) throw new Refusal('fileChanged');
    if (this.#checked.get(file.sha256) === look) return;
    const running = this.#checking.get(file.sha256) ?? this.#digest(file, look);
    this.#checking.set(file.sha256, running);
    await running;
  }

  async #digest(file: DataFileEntry, look: string): Promise<void> {
    try {
      const actual = await digestOf(file.path).catch(() => null);
      if (actual !== file.sha256) throw new Refusal('fileChanged');
      this.#checked.set(file.sha256, look);
    } finally {
      this.#checking.delete(file.sha256);
    }
  }
}
