/**
 * A Vulkan driver for tests. Dawn finds its driver through the dynamic loader, whose paths are fixed when a process
 * starts; so whoever wants an adapter on a machine without Vulkan starts a child process in this environment. The driver
 * is SwiftShader, a CPU implementation that an npm package carries for its browser.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';
import { KernelError } from '../src/errors.ts';

/** The npm package that carries the driver is not there. Cause: an installation without development dependencies. */
class DriverPackageMissingError extends KernelError {
  readonly code = 'DRIVER_PACKAGE_MISSING';

  constructor() {
    super({
      message:
        'This machine has no Vulkan, and @sparticuz/chromium, which carries a driver for tests, is not installed.',
      mend: 'Run npm ci with development dependencies, or install a Vulkan driver.',
    });
  }
}

/** Bytes of a tar block. */
const BLOCK = 512;
/** The archive also holds OpenGL libraries, which must not come before the system's own. */
const WANTED = new Set(['libvulkan.so.1', 'libvk_swiftshader.so', 'vk_swiftshader_icd.json']);
const PROBE = fileURLToPath(new URL('probe-adapter.ts', import.meta.url));

/**
 * Environment variables, to be laid over `process.env`, under which a child process has a WebGPU adapter: none where
 * the system's own Vulkan serves, SwiftShader's otherwise or where `swiftshader` asks for it.
 */
export function vulkanEnvironment({ swiftshader = false } = {}): Record<string, string> {
  if (process.env['MURMURATION_VULKAN'] !== undefined && !swiftshader) return {};
  const runtime = runtimeDirectory();
  if (!swiftshader && hasAdapter(runtime)) return { ...runtime, MURMURATION_VULKAN: 'system' };
  const folder = unpackSwiftShader();
  const libraries = [folder, process.env['LD_LIBRARY_PATH']].filter(Boolean).join(':');
  return {
    ...runtime,
    MURMURATION_VULKAN: 'swiftshader',
    LD_LIBRARY_PATH: libraries,
    VK_DRIVER_FILES: join(folder, 'vk_swiftshader_icd.json'),
  };
}

/** The loader complains on stderr where `XDG_RUNTIME_DIR` is missing. */
function runtimeDirectory(): Record<string, string> {
  return process.env['XDG_RUNTIME_DIR'] === undefined ? { XDG_RUNTIME_DIR: tmpdir() } : {};
}

/** Asks in a child process: a broken driver may take its process down with it. */
function hasAdapter(environment: Record<string, string>): boolean {
  const { status } = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', PROBE], {
    env: { ...process.env, ...environment },
    stdio: 'ignore',
    timeout: 30_000,
  });
  return status === 0;
}

/** Unpacks the driver once a version of its package; returns the folder. */
function unpackSwiftShader(): string {
  const manifest = findPackageJSON('@sparticuz/chromium', import.meta.url);
  if (manifest === undefined) throw new DriverPackageMissingError();
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  const root = dirname(manifest);
  const cache = join(root, '..', '..', '.cache', 'murmuration');
  const folder = join(cache, `swiftshader-${version}`);
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  const partial = mkdtempSync(join(cache, 'unpacking-'));
  for (const { name, bytes } of tarFiles(brotliDecompressSync(readFileSync(join(root, 'bin', 'swiftshader.tar.br'))))) {
    if (WANTED.has(basename(name))) writeFileSync(join(partial, basename(name)), bytes);
  }
  publish(partial, folder);
  return folder;
}

/** Renaming is atomic, so that of several processes that unpack at once one wins and none sees half a folder. */
function publish(partial: string, folder: string): void {
  try {
    renameSync(partial, folder);
  } catch (cause) {
    rmSync(partial, { recursive: true });
    if (!existsSync(folder)) throw cause;
  }
}

function* tarFiles(tar: Buffer): Generator<{ name: string; bytes: Buffer }> {
  for (let at = 0; at + BLOCK <= tar.length;) {
    const field = (from: number, length: number) =>
      tar.toString('latin1', at + from, at + from + length).split('\0')[0] ?? '';
    const name = field(0, 100);
    if (name === '') return;
    const size = Number.parseInt(field(124, 12), 8);
    const isFile = field(156, 1) === '0' || field(156, 1) === '';
    if (isFile) yield { name, bytes: tar.subarray(at + BLOCK, at + BLOCK + size) };
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
}
