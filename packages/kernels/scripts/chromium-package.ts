/**
 * What tests take out of the npm package `@sparticuz/chromium`: a browser, the libraries that it lacks on a bare machine,
 * a font, and SwiftShader, which plays a GPU on a CPU. Each is unpacked once a version, beside the installed packages.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { KernelError } from '../src/errors.ts';

/** The npm package that carries browser and driver is not there. Cause: an installation without development dependencies. */
class ChromiumPackageMissingError extends KernelError {
  readonly code = 'CHROMIUM_PACKAGE_MISSING';

  constructor() {
    super({
      message: '@sparticuz/chromium, which carries a browser and a Vulkan driver for tests, is not installed.',
      mend: 'Run npm ci with development dependencies, or name a browser by MURMURATION_BROWSER and install a Vulkan driver.',
    });
  }
}

/** Where the parts of the unpacked browser lie. */
export interface UnpackedBrowser {
  readonly executable: string;
  /** Shared libraries that a bare machine lacks, for `LD_LIBRARY_PATH`. */
  readonly libraries: string;
  /** A fontconfig file that knows a font of the package besides the system's, for `FONTCONFIG_FILE`. */
  readonly fontConfig: string;
}

/** Bytes of a tar block. */
const BLOCK = 512;
/** The archive also holds OpenGL libraries, which must not come before the system's own. */
const DRIVER_FILES = new Set(['libvulkan.so.1', 'libvk_swiftshader.so', 'vk_swiftshader_icd.json']);

/** Unpacks SwiftShader as a Vulkan driver; returns its folder. */
export function unpackDriver(): string {
  return unpackOnce('swiftshader', (archives, folder) => {
    for (const { name, bytes } of tarFiles(readBrotli(archives, 'swiftshader.tar.br'))) {
      if (DRIVER_FILES.has(name)) writeFileSync(join(folder, name), bytes);
    }
  });
}

/** Unpacks the browser with all that it needs. */
export function unpackBrowser(): UnpackedBrowser {
  const folder = unpackOnce('chromium', (archives, partial) => {
    for (const name of ['lib', 'fonts']) mkdirSync(join(partial, name));
    writeFileSync(join(partial, 'chromium'), readBrotli(archives, 'chromium.br'), { mode: 0o755 });
    unpackFlat(archives, 'swiftshader.tar.br', partial);
    unpackFlat(archives, 'al2023.tar.br', join(partial, 'lib'));
    unpackFlat(archives, 'fonts.tar.br', join(partial, 'fonts'));
  });
  const fontConfig = join(folder, 'fonts.conf');
  writeFileSync(fontConfig, FONT_CONFIG);
  return { executable: join(folder, 'chromium'), libraries: join(folder, 'lib'), fontConfig };
}

/**
 * The package's own configuration names folders of the place that it was made for. The cache is the user's own: a relative
 * one would be made wherever the browser happens to be started.
 */
const FONT_CONFIG = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir prefix="relative">fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
</fontconfig>
`;

/** Lets `unpack` fill a folder named after `part` and the package's version, unless it is there; returns the folder. */
function unpackOnce(part: string, unpack: (archives: string, folder: string) => void): string {
  const manifest = findPackageJSON('@sparticuz/chromium', import.meta.url);
  if (manifest === undefined) throw new ChromiumPackageMissingError();
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  const root = dirname(manifest);
  const cache = join(root, '..', '..', '.cache', 'murmuration');
  const folder = join(cache, `${part}-${version}`);
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  const partial = mkdtempSync(join(cache, 'unpacking-'));
  unpack(join(root, 'bin'), partial);
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

const readBrotli = (archives: string, name: string): Buffer => brotliDecompressSync(readFileSync(join(archives, name)));

/** Writes the files of an archive into one folder, whatever folders they are in. */
function unpackFlat(archives: string, archive: string, folder: string): void {
  for (const { name, bytes, executable } of tarFiles(readBrotli(archives, archive)))
    writeFileSync(join(folder, name), bytes, { mode: executable ? 0o755 : 0o644 });
}

interface TarFile {
  /** Without its folders. */
  readonly name: string;
  readonly bytes: Buffer;
  readonly executable: boolean;
}

function* tarFiles(tar: Buffer): Generator<TarFile> {
  for (let at = 0; at + BLOCK <= tar.length;) {
    const field = (from: number, length: number) =>
      tar.toString('latin1', at + from, at + from + length).split('\0')[0] ?? '';
    const name = field(0, 100);
    if (name === '') return;
    const executable = (Number.parseInt(field(100, 8), 8) & 0o100) !== 0;
    const size = Number.parseInt(field(124, 12), 8);
    const isFile = field(156, 1) === '0' || field(156, 1) === '';
    if (isFile) yield { name: basename(name), bytes: tar.subarray(at + BLOCK, at + BLOCK + size), executable };
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
}
