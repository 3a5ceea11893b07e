#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
const NEEDED = 24;
const [major] = process.versions.node.split('.');

if (Number(major) < NEEDED) {
  process.stderr.write(
    `orchestrate needs Node ${NEEDED}, this is ${process.version}. Start it with \`npx orchestrate\`, which brings its own.\n`,
  );
  process.exitCode = 2;
} else {
  const { main } = await import('../src/cli/main.ts');
  await main(process.argv);
}
