/** `orchestrate bench`: the repository's benchmark suites. An installed package has none, and says so. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { MurmurationError } from '@murmuration/protocol';
import type { Command } from 'commander';
import { exitCodes } from './exit-codes.ts';
import { Output } from './output.ts';

class BenchmarksMissingError extends MurmurationError {
  readonly code = 'BENCHMARKS_MISSING';

  constructor(file: string) {
    super({
      message: `There are no benchmarks here (${file} does not exist).`,
      mend: 'Run this in a clone of the repository.',
    });
  }
}

const entry = fileURLToPath(new URL('../../../../benchmarks/src/main.ts', import.meta.url));

export function registerBench(program: Command): void {
  program
    .command('bench [suite] [options...]')
    .description('run a benchmark suite; without a name, list them')
    .allowUnknownOption()
    .passThroughOptions()
    .helpOption(false)
    .action(async (suite: string | undefined, options: string[]) => {
      if (!existsSync(entry)) {
        process.exitCode = new Output({}).error(new BenchmarksMissingError(entry));
        return;
      }
      const child = spawn(
        process.execPath,
        ['--disable-warning=ExperimentalWarning', entry, ...(suite === undefined ? ['--help'] : [suite, ...options])],
        { stdio: 'inherit' },
      );
      const [code] = (await once(child, 'exit')) as [number | null];
      process.exitCode = code ?? exitCodes.interrupted;
    });
}
