/**
 * Builds the pages into `dist/`, which a coordinator serves as it is:
 *
 *   dist/index.html         the run (`/`) and a member (`/members/:peerId`); the address decides in the page
 *   dist/join/index.html    the volunteer's page (`/join`)
 *   dist/assets/*           scripts, styles and workers, named by their content: may be cached for ever
 *   dist/stamp.json         a digest of everything that went in, by which `--if-stale` knows that nothing changed
 *
 * `node build.ts [--if-stale]` prints the folder. A build goes to a folder of its own and takes dist's place when
 * it is whole, so that a server reading dist never sees half of it, and two builds at once do no harm.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeFree } from '@murmuration/worker/node-free';
import type { InlineConfig } from 'vite';

const here = dirname(fileURLToPath(import.meta.url));
const repository = join(here, '../..');
const dist = join(here, 'dist');

/** What can end up in a page: its sources, those of the packages that it may import, and the versions of the rest. */
const inputFolders = [
  'apps/dashboard',
  'packages/protocol',
  'packages/worker',
  'packages/kernels',
  'packages/contracts',
];
const inputFile = /(?<!\.test)\.(ts|tsx|css|html|svg|json|wasm)$/;
const skippedFolder = /^(node_modules|dist|dist\..*|testing|cache|out|\.turbo)$/;

function* inputsOf(folder: string): Generator<string> {
  const entries = readdirSync(folder, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!skippedFolder.test(entry.name)) yield* inputsOf(path);
    } else if (inputFile.test(entry.name)) yield path;
  }
}

/** SHA-256 over names and contents of the inputs. */
function digestOfInputs(): string {
  const digest = createHash('sha256').update(process.version);
  const lock = join(repository, 'package-lock.json');
  for (const path of [lock, ...inputFolders.flatMap((folder) => [...inputsOf(join(repository, folder))])]) {
    const bytes = readFileSync(path);
    digest.update(`${relative(repository, path)}\0${bytes.length}\0`).update(bytes);
  }
  return digest.digest('hex');
}

function isFresh(digest: string): boolean {
  try {
    return (JSON.parse(readFileSync(join(dist, 'stamp.json'), 'utf8')) as { digest?: unknown }).digest === digest;
  } catch {
    return false; // no dist yet, or one that was cut short
  }
}

/** How long plugins took is no warning. */
const checks = { pluginTimings: false };

/** No inlined assets: the pages' content security policy allows scripts and styles from files of the origin alone. */
const configuration = (outDir: string, alias: Readonly<Record<string, string>> = {}): InlineConfig => ({
  configFile: false,
  resolve: { alias },
  root: here,
  logLevel: 'warn',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  plugins: [nodeFree()],
  worker: { format: 'es', rolldownOptions: { checks } },
  build: {
    outDir,
    emptyOutDir: true,
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // The tab's worker with libp2p, loaded when somebody joins; the tests hold what a first visit loads.
    chunkSizeWarningLimit: 1000,
    rolldownOptions: {
      checks,
      input: { run: join(here, 'index.html'), join: join(here, 'join/index.html') },
    },
  },
});

/** Builds the pages unless `ifStale` and nothing changed since the last time; answers the folder that holds them. */
export async function buildPages({ ifStale = false } = {}): Promise<string> {
  const digest = digestOfInputs();
  if (ifStale && isFresh(digest)) return dist;
  const fresh = `${dist}.${process.pid}`;
  const old = `${fresh}.old`;
  try {
    const { build } = await import('vite'); // loaded only where there is something to build
    await build(configuration(fresh));
    writeFileSync(join(fresh, 'stamp.json'), `${JSON.stringify({ digest })}\n`);
    rmSync(old, { recursive: true, force: true });
    try {
      renameSync(dist, old);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    renameSync(fresh, dist);
  } finally {
    rmSync(old, { recursive: true, force: true });
    rmSync(fresh, { recursive: true, force: true });
  }
  return dist;
}

/** For tests: builds into a folder of theirs, with other modules in place of those that `alias` names. */
export async function buildPagesWith(outDir: string, alias: Readonly<Record<string, string>>): Promise<void> {
  const { build } = await import('vite');
  await build(configuration(outDir, alias));
}

if (import.meta.main) process.stdout.write(`${await buildPages({ ifStale: process.argv.includes('--if-stale') })}\n`);
