#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
import module from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

const NEEDED = 24;
const [major] = process.versions.node.split('.');

if (Number(major) < NEEDED) {
  process.stderr.write(
    `The worker needs Node ${NEEDED}, this is ${process.version}. Start it with \`npx orchestrate join\`, which brings its own.\n`,
  );
  process.exitCode = 2;
} else {
  // Compiled code is kept where only this user can write: a worker that joins late starts in half the time.
  module.enableCompileCache(
    join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'murmuration', 'compiled'),
  );
  await import('../src/cli/main.ts');
}
