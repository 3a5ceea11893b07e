import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readDataFile } from './data-file.ts';
import type { DataContext } from './data-file.ts';

const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const code = (value: string): object => expect.objectContaining({ code: value });

let base: string;
let stranger: DataContext;
let owner: DataContext;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'murmuration-data-'));
  const job = join(base, 'job');
  await mkdir(join(job, 'node_modules', '@scope', 'pack', 'data'), { recursive: true });
  await mkdir(join(base, 'node_modules', 'above'), { recursive: true });
  await writeFile(join(base, 'secret'), 'secret');
  await writeFile(join(base, 'node_modules', 'above', 'words.txt'), 'from above');
  await writeFile(join(job, 'words.txt'), 'call me');
  await writeFile(join(job, 'words.gz'), gzipSync(utf8('call me'.repeat(1000))));
  await writeFile(join(job, 'broken.gz'), gzipSync(utf8('call me')).subarray(0, 15));
  await writeFile(join(job, 'node_modules', '@scope', 'pack', 'data', 'words.txt'), 'in a package');
  await symlink(join(base, 'secret'), join(job, 'link'));
  await symlink(join(base, 'secret'), join(job, 'node_modules', '@scope', 'pack', 'link'));
  stranger = { directory: job, confined: true, cacheDirectory: join(base, 'cache') };
  owner = { ...stranger, confined: false };
});
afterAll(async () => rm(base, { recursive: true, force: true }));

const read = async (location: string, context: DataContext, sha256?: string): Promise<string> =>
  new TextDecoder().decode((await readDataFile(location, sha256, context)).bytes);

describe('files', () => {
  it('reads paths relative to the job', async () => {
    for (const location of ['words.txt', './words.txt', 'file:words.txt', 'file:./words.txt'])
      expect(await read(location, stranger)).toBe('call me');
  });

  it('unpacks gzip; the hash is of the file as it lies there', async () => {
    const file = await readDataFile('words.gz', undefined, stranger);
    expect(new TextDecoder().decode(file.bytes)).toBe('call me'.repeat(1000));
    expect(file.sha256).toBe(sha256Of(gzipSync(utf8('call me'.repeat(1000)))));
    await expect(read('broken.gz', stranger)).rejects.toThrow(code('DATA_FORMAT'));
    await expect(read('words.gz', { ...stranger, fileLimit: 500 })).rejects.toThrow(code('DATA_SIZE'));
  });

  it('lets a stranger’s job see nothing outside the directory', async () => {
    for (const location of [
      '../secret',
      'file:../secret',
      'a/../../secret',
      join(base, 'secret'),
      `file://${base}/secret`,
      'link',
    ]) {
      await expect(read(location, stranger)).rejects.toThrow(code('DATA_LOCATION'));
    }
    await expect(read('words.txt', { directory: null, confined: true })).rejects.toThrow(code('DATA_LOCATION'));
  });

  it('lets the owner’s job read any of the owner’s files', async () => {
    for (const location of ['../secret', join(base, 'secret'), `file://${base}/secret`, 'link'])
      expect(await read(location, owner)).toBe('secret');
  });

  it('names what is missing and where it looked', async () => {
    await expect(read('none.txt', stranger)).rejects.toThrow(join(base, 'job', 'none.txt'));
    await expect(read('none.txt', stranger)).rejects.toThrow(code('DATA_FILE_MISSING'));
    await expect(read('node_modules', stranger)).rejects.toThrow(code('DATA_LOCATION'));
    await expect(read('ftp://host/x', stranger)).rejects.toThrow(code('DATA_LOCATION'));
  });

  it('checks the hash and names both', async () => {
    const wrong = 'ab'.repeat(32);
    await expect(read('words.txt', stranger, wrong)).rejects.toThrow(
      expect.objectContaining({
        code: 'DATA_HASH',
        location: 'words.txt',
        expected: wrong,
        actual: sha256Of(utf8('call me')),
      }),
    );
    expect(await read('words.txt', stranger, sha256Of(utf8('call me')))).toBe('call me');
  });

  it('reads no file beyond the limit', async () => {
    await expect(read('words.txt', { ...stranger, fileLimit: 6 })).rejects.toThrow(code('DATA_SIZE'));
  });
});

describe('packages', () => {
  it('finds a package beside the job, above it, and beside the program', async () => {
    expect(await read('npm:@scope/pack/data/words.txt', stranger)).toBe('in a package');
    expect(await read('npm:above/words.txt', stranger)).toBe('from above');
    expect(await read('npm:zod/package.json', { directory: null, confined: true })).toContain('"name": "zod"');
  });

  it.each([
    'npm:',
    'npm:pack',
    'npm:@scope/pack',
    'npm:@scope/pack/',
    'npm:../secret',
    'npm:@scope/../secret',
    'npm:@scope/pack/../../../../secret',
    'npm:@scope/pack/./data/words.txt',
    'npm:@scope/pack//etc',
    String.raw`npm:@scope/pack/..\x`,
    'npm:@scope/pack/link',
    'npm:./x/y',
    'npm:/etc/passwd',
  ])('refuses %s', async (location) => {
    for (const context of [stranger, owner])
      await expect(read(location, context)).rejects.toThrow(code('DATA_LOCATION'));
  });

  it('tells a missing package from a missing file', async () => {
    await expect(read('npm:no-such-package-here/x.txt', stranger)).rejects.toThrow('npm install no-such-package-here');
    await expect(read('npm:@scope/pack/none.txt', stranger)).rejects.toThrow('Correct the path');
  });
});

describe('downloads', () => {
  const body = utf8('a large file, in two parts');
  const good = sha256Of(body);
  const address = 'https://data.example.org/words.txt';

  /** A fetch that answers `make()` and counts. */
  function server(make: () => Response): { fetch: typeof fetch; calls: () => number } {
    let calls = 0;
    return { fetch: async () => (calls++, make()), calls: () => calls };
  }
  const inParts = (): Response =>
    new Response(
      new ReadableStream({
        start(controller) {
          controller.enqueue(body.slice(0, 10));
          controller.enqueue(body.slice(10));
          controller.close();
        },
      }),
    );
  const redirect = (location: string): Response => new Response(null, { status: 302, headers: { location } });

  it('keeps a file by its hash and asks once', async () => {
    const { fetch, calls } = server(inParts);
    const context = { ...stranger, fetch, cacheDirectory: join(base, 'cache-once') };
    for (let i = 0; i < 3; i++) expect(await read(address, context, good)).toBe('a large file, in two parts');
    expect(calls()).toBe(1);
  });

  it('fetches again what was damaged in the cache', async () => {
    const { fetch, calls } = server(inParts);
    const context = { ...stranger, fetch, cacheDirectory: join(base, 'cache-damaged') };
    await mkdir(context.cacheDirectory);
    await writeFile(join(context.cacheDirectory, good), 'damaged');
    expect(await read(address, context, good)).toBe('a large file, in two parts');
    expect(calls()).toBe(1);
  });

  it.each<[string, () => Response, string, Partial<DataContext>]>([
    ['other bytes', () => new Response('something else'), 'DATA_HASH', {}],
    ['too many bytes', inParts, 'DATA_SIZE', { fileLimit: 20 }],
    ['an error', () => new Response('gone', { status: 404, statusText: 'Not Found' }), 'DATA_DOWNLOAD', {}],
    ['a redirect that has no end', () => redirect('/words.txt'), 'DATA_DOWNLOAD', {}],
    [
      'a connection that breaks',
      () => new Response(new ReadableStream({ pull: (controller) => controller.error(new Error('reset')) })),
      'DATA_DOWNLOAD',
      {},
    ],
  ])('answers %s by its error and leaves nothing behind', async (_, make, expected, limits) => {
    const cacheDirectory = await mkdtemp(join(base, 'cache-'));
    await expect(
      read(address, { ...stranger, fetch: server(make).fetch, cacheDirectory, ...limits }, good),
    ).rejects.toThrow(code(expected));
    expect(await readdir(cacheDirectory)).toEqual([]);
  });

  it('follows a redirect to another public host', async () => {
    const asked: string[] = [];
    const fetch: DataContext['fetch'] = async (url) => {
      asked.push(String(url));
      return asked.length === 1 ? redirect('https://mirror.example.org/words.txt') : inParts();
    };
    const context = { ...stranger, fetch, cacheDirectory: join(base, 'cache-redirected') };
    expect(await read(address, context, good)).toBe('a large file, in two parts');
    expect(asked).toEqual([address, 'https://mirror.example.org/words.txt']);
  });

  it.each([
    ['http://data.example.org/words.txt', 'DATA_DOWNLOAD'],
    ['http://192.168.1.1/reboot', 'DATA_DOWNLOAD'],
    ['https://192.168.1.1/reboot', 'DATA_LOCATION'],
    ['https://localhost/x', 'DATA_LOCATION'],
    ['https://', 'DATA_DOWNLOAD'],
  ])('never asks %s, wherever a redirect leads', async (target, expected) => {
    const { fetch, calls } = server(() => redirect(target));
    const context = { ...stranger, fetch, cacheDirectory: join(base, 'cache-elsewhere') };
    await expect(read(address, context, good)).rejects.toThrow(code(expected));
    expect(calls()).toBe(1);
  });

  it('says why a server cannot be reached', async () => {
    const fetch = async (): Promise<Response> => {
      throw new TypeError('fetch failed', { cause: new Error('getaddrinfo ENOTFOUND') });
    };
    await expect(read(address, { ...stranger, fetch }, 'cd'.repeat(32))).rejects.toThrow('getaddrinfo ENOTFOUND');
  });

  it('asks nobody without a hash', async () => {
    const { fetch, calls } = server(inParts);
    await expect(read(address, { ...stranger, fetch })).rejects.toThrow(code('DATA_LOCATION'));
    expect(calls()).toBe(0);
  });

  it.each([
    'https://localhost/x',
    'https://127.0.0.1/x',
    'https://[::1]/x',
    'https://10.0.0.8/x',
    'https://router.local/x',
    'https://intranet/x',
    'https://me:secret@data.example.org/x',
    'https:///',
  ])('lets no stranger’s job name %s', async (location) => {
    const { fetch, calls } = server(inParts);
    await expect(read(location, { ...stranger, fetch }, good)).rejects.toThrow(code('DATA_LOCATION'));
    expect(calls()).toBe(0);
  });
});
