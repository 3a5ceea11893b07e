/** docs/environment.md names every variable of ours that the sources read. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const sources = ['packages', 'benchmarks/src', 'test/src', 'scripts'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.(ts|mjs)$/.test(path) && !path.includes('node_modules'))
    .map((path) => join(root, folder, path)),
);

it('names every variable of ours that the sources read', () => {
  const documented = readFileSync(join(root, 'docs', 'environment.md'), 'utf8');
  const named = new Set(
    sources.flatMap((path) => readFileSync(path, 'utf8').match(/\bMURMURATION_[A-Z_]*[A-Z]\b/g) ?? []),
  );
  expect([...named].filter((name) => !documented.includes(`\`${name}\``))).toEqual([]);
});
