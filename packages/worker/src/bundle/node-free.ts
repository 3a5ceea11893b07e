/**
 * `@murmuration/worker/node-free`: a vite plugin that fails the build of a page when a module of Node, or a package that only runs
 * there, reaches its graph or that of one of its workers, with the chain of imports that led to it. Without it vite puts an
 * empty module in its place, and the page breaks where somebody first uses it.
 */
import { isBuiltin } from 'node:module';
import { relative } from 'node:path';
import type { Plugin } from 'vite';

/** Packages that have no use in a page; most would drag megabytes or native code along. */
const NODE_PACKAGES: readonly string[] = [
  '@foundry-rs/anvil',
  '@libp2p/tcp',
  '@libp2p/tls',
  '@hono/node-server',
  'commander',
  'node-datachannel',
  'onnxruntime-node',
  'prom-client',
  'webgpu',
  'ws',
];

/** Why a bundle was refused. Causes: a face for Node imported where its portable twin was meant (`net` for `net-core`). */
export class NodeOnlyModuleError extends Error {
  readonly code = 'NODE_ONLY_MODULE';
  /** From the page's entry to the module. */
  readonly chain: readonly string[];

  constructor({ chain }: { chain: readonly string[] }) {
    super(
      `${chain.at(-1)} only runs in Node, but a page reaches it:\n  ${chain.join('\n  → ')}\nImport the portable face in its place, or have the platform hand in what is needed.`,
    );
    this.name = 'NodeOnlyModuleError';
    this.chain = chain;
  }
}

/** What vite calls a module of Node for which it would put an empty one; `browser: false` of a package has no name behind it. */
const EMPTIED = '__vite-browser-external:';

const packageOf = (source: string): string =>
  source
    .split('/')
    .slice(0, source.startsWith('@') ? 2 : 1)
    .join('/');

/** Guards the page's own graph and those of all its workers. */
export function nodeFree(): Plugin {
  return {
    ...guard(),
    config: ({ worker }) => ({ worker: { plugins: () => [...(worker?.plugins?.() ?? []), guard()] } }),
  };
}

function guard(): Plugin {
  /** Of each module the first one that imports it. */
  const importers = new Map<string, string>();
  return {
    name: 'murmuration:node-free',
    enforce: 'pre',
    async resolveId(source, importer, options) {
      if (importer === undefined) return null;
      const resolved = await this.resolve(source, importer, { ...options, skipSelf: true });
      const emptied = resolved?.id.startsWith(EMPTIED) === true || (resolved === null && isBuiltin(source));
      if (emptied || NODE_PACKAGES.includes(packageOf(source)))
        throw new NodeOnlyModuleError({ chain: [...chainTo(importer, importers), source] });
      if (resolved !== null && !importers.has(resolved.id)) importers.set(resolved.id, importer);
      return resolved;
    },
  };
}

/** From the entry to `module`, as paths for people. */
function chainTo(module: string, importers: ReadonlyMap<string, string>): string[] {
  const chain: string[] = [];
  const seen = new Set<string>();
  for (let at: string | undefined = module; at !== undefined && !seen.has(at); at = importers.get(at)) {
    seen.add(at);
    chain.unshift(nameOf(at));
  }
  return chain;
}

function nameOf(id: string): string {
  const path = id.replace(/^\0+/, '').replace(/\?.*$/, '');
  const [, inPackage] = /.*\/node_modules\/(.+)$/.exec(path) ?? [];
  return inPackage ?? (path.startsWith('/') ? relative(process.cwd(), path) : path);
}
