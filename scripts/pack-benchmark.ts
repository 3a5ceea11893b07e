/**
 * `npm run pack:bench [FILE]`: one archive that measures a machine without network and without anything installed: Node,
 * the sources, and of the packages only what the GPU suites load. Unpacked: `./run.sh kernels`.
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { findPackageJSON } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { vulkanEnvironment } from '../packages/kernels/scripts/vulkan-environment.ts';

const MAX_BYTES = 60 * 2 ** 20;
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const NAME = 'murmuration-bench';
const TARGET = 'linux-x64';

/** What the benchmark loads; what these need themselves comes with them. */
const PACKAGES = [
  'webgpu',
  'onnxruntime-node',
  'protobufjs',
  'commander',
  '@jax-js/jax',
  '@tensorflow/tfjs-core',
  '@tensorflow/tfjs-backend-webgpu',
];
/** Dependencies that only an installation or a compiler uses. */
const LEFT_OUT = /^(@types\/|@webgpu\/types$|adm-zip$|global-agent$)/;
/** Within packages: other platforms' binaries, maps, bundles for browsers, tests. */
const NOT_COPIED = [
  /\/(darwin|win32|arm64|linux-arm64|darwin-universal|win32-x64|win32-arm64)(\/|$)/,
  /\.(map|md|ts|cts|mts|flow|html|tgz)$/,
  /\.(min|es2017|fesm|fesm\.min|es2017\.min)\.js$/,
  /_test\.js$/,
  /\/(test|tests|docs?|example|examples|build|script|scripts|miniprogram|demo)(\/|$)/,
  /\/node_modules\/\.bin(\/|$)/,
];

/** Copies a package and, once each, what it depends on, flat into `modules`. */
function copyPackage(name: string, from: string, modules: string, done: Set<string>): void {
  if (done.has(name) || LEFT_OUT.test(name)) return;
  done.add(name);
  const manifest = findPackageJSON(name, from);
  if (manifest === undefined) throw new Error(`${name} is not installed. Run npm ci.`);
  const folder = dirname(manifest);
  cpSync(folder, join(modules, name), {
    recursive: true,
    filter: (path) => {
      const inside = `/${relative(folder, path)}`;
      return !inside.startsWith('/node_modules') && !NOT_COPIED.some((pattern) => pattern.test(inside));
    },
  });
  const { dependencies = {} } = JSON.parse(readFileSync(manifest, 'utf8')) as { dependencies?: Record<string, string> };
  for (const dependency of Object.keys(dependencies)) copyPackage(dependency, manifest, modules, done);
}

/** The sources of the benchmark and of the kernels, without their tests. */
function copySources(stage: string): void {
  const filter = (path: string): boolean => !path.endsWith('.test.ts') && !path.includes('node_modules');
  for (const path of ['benchmarks/src', 'packages/kernels/src', 'packages/kernels/scripts'])
    cpSync(join(ROOT, path), join(stage, path), { recursive: true, filter });
  for (const path of ['benchmarks/package.json', 'packages/kernels/package.json', 'LICENSE'])
    copyFileSync(join(ROOT, path), join(stage, path));
  // Node reads TypeScript only outside of node_modules, and follows links to where files really are.
  mkdirSync(join(stage, 'node_modules', '@murmuration'), { recursive: true });
  symlinkSync('../../packages/kernels', join(stage, 'node_modules', '@murmuration', 'kernels'));
  const commit = execFileSync('git', ['rev-parse', '--short=12', 'HEAD'], { cwd: ROOT, encoding: 'utf8' });
  writeFileSync(join(stage, 'benchmarks', 'COMMIT'), commit);
}

/** SwiftShader where `vulkanEnvironment` looks for it, with its Vulkan loader, which serves GPU drivers too. */
function copyDriver(stage: string): void {
  const driver = vulkanEnvironment({ swiftshader: true })['VK_DRIVER_FILES'];
  if (driver === undefined) throw new Error('SwiftShader was not unpacked. Run npm ci with development dependencies.');
  const folder = dirname(driver);
  cpSync(folder, join(stage, relative(ROOT, folder)), { recursive: true });
  const manifest = findPackageJSON('@sparticuz/chromium', import.meta.url)!;
  const place = join(stage, 'node_modules', '@sparticuz', 'chromium');
  mkdirSync(place, { recursive: true });
  copyFileSync(manifest, join(place, 'package.json'));
  mkdirSync(join(stage, 'loader'));
  copyFileSync(join(folder, 'libvulkan.so.1'), join(stage, 'loader', 'libvulkan.so.1'));
}

const RUN = `#!/bin/sh
# Runs a suite of the benchmark: ./run.sh kernels | train-step | compile, with the suite's options. Results: ./results
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
# Vulkan's loader, where the system has none; its drivers also where containers mount NVIDIA's.
ldconfig -p 2>/dev/null | grep -q 'libvulkan\\.so\\.1' || export LD_LIBRARY_PATH="$here/loader\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export XDG_DATA_DIRS="\${XDG_DATA_DIRS:-/usr/local/share:/usr/share}:/usr/local/nvidia/share"
exec "$here/bin/node" --disable-warning=ExperimentalWarning "$here/benchmarks/src/main.ts" "$@" --out "$here/results"
`;

function stageAll(stage: string): void {
  const modules = join(stage, 'node_modules');
  mkdirSync(join(stage, 'bin'), { recursive: true });
  mkdirSync(modules);
  copyFileSync(process.execPath, join(stage, 'bin', 'node'));
  copySources(stage);
  const done = new Set<string>();
  for (const name of PACKAGES) copyPackage(name, join(ROOT, 'benchmarks', 'package.json'), modules, done);
  copyDriver(stage);
  writeFileSync(join(stage, 'package.json'), `${JSON.stringify({ name: NAME, private: true, type: 'module' })}\n`);
  writeFileSync(join(stage, 'run.sh'), RUN);
  chmodSync(join(stage, 'run.sh'), 0o755);
}

function pack(file: string): number {
  const scratch = mkdtempSync(join(tmpdir(), 'murmuration-pack-'));
  try {
    stageAll(join(scratch, NAME));
    mkdirSync(dirname(file), { recursive: true });
    execFileSync('tar', ['-cJf', file, '-C', scratch, NAME], {
      stdio: 'inherit',
      env: { ...process.env, XZ_OPT: '-6 -T2' },
    });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return statSync(file).size;
}

if (`${process.platform}-${process.arch}` !== TARGET) {
  process.stderr.write(`The archive is for ${TARGET} and holds its own Node: pack it on such a machine.\n`);
  process.exit(2);
}
const file = resolve(process.argv[2] ?? join(ROOT, 'dist', `${NAME}-${TARGET}.tar.xz`));
const bytes = pack(file);
process.stdout.write(`${file}: ${(bytes / 2 ** 20).toFixed(1)} MiB\n`);
if (bytes > MAX_BYTES) {
  process.stderr.write(`That is over ${MAX_BYTES / 2 ** 20} MiB. Leave out what the benchmark does not load.\n`);
  process.exitCode = 1;
}
