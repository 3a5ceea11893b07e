/** The installed version of an npm package, read beside its code: not all packages export their manifest. */
import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';

export function packageVersion(name: string): string {
  const manifest = findPackageJSON(name, import.meta.url);
  if (manifest === undefined) return 'unknown version';
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}
