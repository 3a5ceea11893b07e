/**
 * The built pages, read whole into memory: what is asked for is looked up by its name in a table, so no path of a request
 * ever reaches the file system.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { gzipSync } from 'node:zlib';
import { MAX_PAGES_BYTES, MAX_PAGES_FILES } from './limits.ts';

export interface PageFile {
  readonly type: string;
  readonly body: Uint8Array<ArrayBuffer>;
  /** Null where packing gains nothing. */
  readonly packed: Uint8Array<ArrayBuffer> | null;
  readonly etag: string;
  /** Its name holds its content's hash: it never changes. */
  readonly immutable: boolean;
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.wasm': 'application/wasm',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
};

const page = (path: string, body: Uint8Array<ArrayBuffer>): PageFile => {
  const packed = new Uint8Array(gzipSync(body));
  return {
    type: types[extname(path)] ?? 'application/octet-stream',
    body,
    packed: packed.length < 0.9 * body.length ? packed : null,
    etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
    immutable: /^\/assets\/.*-[\w-]{8,}\.\w+$/.test(path),
  };
};

const placeholder = (text: string): PageFile =>
  page(
    '/index.html',
    new Uint8Array(
      Buffer.from(
        `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
          `<meta http-equiv="refresh" content="2"><title>Murmuration</title><p>${text}</p></html>`,
      ),
    ),
  );

/** Shown while the pages are being built, and in their place when they could not be. */
export const buildingPage = placeholder('The pages are being built. They will be here in a moment.');
export const missingPage = placeholder(
  'The pages could not be built on this machine; the program that serves them says why. The run goes on without them.',
);

export type Pages = ReadonlyMap<string, PageFile>;

/** All files below `directory` by their paths in the address: `/assets/app-1234.js`, and pages by their names too (`/join`). */
export function readPages(directory: string): Pages {
  const pages = new Map<string, PageFile>();
  let total = 0;
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.name.startsWith('.')) continue;
    const file = join(entry.parentPath, entry.name);
    const body = new Uint8Array(readFileSync(file));
    total += body.length;
    if (total > MAX_PAGES_BYTES || pages.size > MAX_PAGES_FILES) break;
    const path = `/${relative(directory, file).split(sep).join('/')}`;
    const found = page(path, body);
    pages.set(path, found);
    if (path.endsWith('.html')) pages.set(path.replace(/(\/index)?\.html$/, '') || '/', found);
  }
  return pages;
}

/** What stands at `path`; a path of the run page's own (`/members/…`) is the run page. */
export function pageAt(pages: Pages, path: string): PageFile | null {
  const found = pages.get(path) ?? pages.get(path.replace(/\/$/, ''));
  if (found !== undefined) return found;
  return /\.\w+$/.test(path) || path.startsWith('/api/') ? null : (pages.get('/') ?? null);
}
