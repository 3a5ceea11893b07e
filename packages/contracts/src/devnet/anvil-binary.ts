/** Finds anvil in the package of this platform: its own npm wrapper is a Node program that takes a quarter of a second more. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { AnvilMissingError } from './errors.ts';

const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** @throws AnvilMissingError */
export function anvilBinary(platform: string = process.platform, architecture: string = process.arch): string {
  const packageName = `@foundry-rs/anvil-${platform}-${architectures[architecture] ?? architecture}`;
  try {
    // The platform's package is a dependency of the wrapper's, so it is looked up from there.
    const wrapper = createRequire(createRequire(import.meta.url).resolve('@foundry-rs/anvil/package.json'));
    const folder = dirname(wrapper.resolve(`${packageName}/package.json`));
    const binary = join(folder, 'bin', platform === 'win32' ? 'anvil.exe' : 'anvil');
    if (existsSync(binary)) return binary;
  } catch (cause) {
    throw new AnvilMissingError({ platform: `${platform} ${architecture}`, cause });
  }
  throw new AnvilMissingError({ platform: `${platform} ${architecture}` });
}
