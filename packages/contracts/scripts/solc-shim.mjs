#!/usr/bin/env node
// Forge expects a native `solc` and can't fetch one everywhere, so this small program stands in for it over the compiler
// that npm installs (`solc`, WebAssembly). It answers the two calls that forge makes: `--version`, and standard JSON on
// standard input. Plain JavaScript, because forge starts it with whichever Node comes first on PATH.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const solc = createRequire(import.meta.url)('solc');

if (process.argv.includes('--version')) {
  const [version, commit] = solc.version().split('+commit.');
  process.stdout.write(
    `solc, the solidity compiler commandline interface\nVersion: ${version}+commit.${commit.split('.')[0]}.Emscripten.clang\n`,
  );
} else {
  process.stdout.write(solc.compile(readFileSync(0, 'utf8')));
}
