/** What a page loads of the worker: nothing of Node, and not much. The check that says so is checked, too. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build, type Rolldown } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeFree } from './node-free.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Gzipped bytes: of what a page loads to show its button, and of all that it loads until it trains. */
const MAX_FIRST = 100_000;
const MAX_WHOLE = 600_000;

let folder = '';
beforeAll(() => {
  // Within the package, so that its imports resolve.
  mkdirSync(join(root, 'node_modules/.vite-test'), { recursive: true });
  folder = mkdtempSync(join(root, 'node_modules/.vite-test/page-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Bundles a page of these files, of which the first is its entry, in memory. */
async function bundle(files: Readonly<Record<string, string>>): Promise<Rolldown.RolldownOutput['output']> {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const built = await build({
    configFile: false,
    root,
    logLevel: 'silent',
    plugins: [nodeFree()],
    worker: { format: 'es' },
    build: {
      write: false,
      target: 'es2023',
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
      rolldownOptions: { input: join(folder, Object.keys(files)[0]!) },
    },
  });
  return (built as Rolldown.RolldownOutput).output;
}

const gzipped = (part: Rolldown.OutputChunk | Rolldown.OutputAsset): number =>
  gzipSync(part.type === 'chunk' ? part.code : part.source).length;

/** A chunk with all that it imports at once. */
function loadedWith(entry: Rolldown.OutputChunk, output: Rolldown.RolldownOutput['output']): Rolldown.OutputChunk[] {
  const found = new Set([entry]);
  for (const chunk of found)
    for (const part of output) if (part.type === 'chunk' && chunk.imports.includes(part.fileName)) found.add(part);
  return [...found];
}

const sum = (sizes: readonly number[]): number => sizes.reduce((total, size) => total + size, 0);

describe('a page with a worker', () => {
  it('loads nothing of Node and little at first', async () => {
    const output = await bundle({
      'page.js': `import * as face from '@murmuration/worker/browser'; globalThis.face = face;`,
    });
    const entry = output.find((part): part is Rolldown.OutputChunk => part.type === 'chunk' && part.isEntry)!;
    const first = sum(loadedWith(entry, output).map(gzipped));
    const whole = sum(output.map(gzipped));
    console.info(`gzipped: ${first} bytes at first, ${whole} in all`);
    expect(first).toBeLessThan(MAX_FIRST);
    expect(whole).toBeLessThan(MAX_WHOLE);
    const workers = new Set(output.map(({ fileName }) => /(\w+)-entry-/.exec(fileName)?.[1]).filter(Boolean));
    expect(workers).toEqual(new Set(['device', 'exact', 'tick']));
  });
});

describe('the check of a page’s bundle', () => {
  it('names the chain of imports to a module of Node', async () => {
    const refused = bundle({
      'page.js': `import './middle.js';`,
      'middle.js': `import { openDatasets } from '@murmuration/protocol/data'; globalThis.open = openDatasets;`,
    });
    await expect(refused).rejects.toThrow(
      /page\.js\n {2}→ .*middle\.js\n {2}→ .*protocol\/src\/data\/index\.ts\n {2}→ [\s\S]*→ node:/,
    );
  });

  it('finds one behind an import that is made later', async () => {
    const refused = bundle({ 'page.js': `globalThis.later = () => import('node:fs');` });
    await expect(refused).rejects.toThrow('node:fs only runs in Node');
  });

  it('finds one in a worker, and in a worker’s worker', async () => {
    const spawn = (entry: string): string => `new Worker(new URL('./${entry}', import.meta.url), { type: 'module' });`;
    await expect(
      bundle({ 'page.js': spawn('worker.js'), 'worker.js': `import fs from 'fs'; postMessage(fs);` }),
    ).rejects.toThrow('fs only runs in Node');
    await expect(
      bundle({
        'page.js': spawn('worker.js'),
        'worker.js': spawn('deep.js'),
        'deep.js': `import os from 'node:os'; postMessage(os);`,
      }),
    ).rejects.toThrow('node:os only runs in Node');
  });

  it('finds packages that only run there', async () => {
    for (const name of ['onnxruntime-node', 'webgpu', '@libp2p/tcp'])
      await expect(bundle({ 'page.js': `import * as it from '${name}'; globalThis.it = it;` })).rejects.toThrow(
        `${name} only runs in Node`,
      );
  });
});
