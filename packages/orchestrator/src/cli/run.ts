/** `orchestrate run`: a job from start to end. */
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { HttpFlags } from '../http/options.ts';
import type { TokenFlag } from './http-flags.ts';
import { act, addCommand } from './command.ts';
import { addHttpFlags, addTokenFlag } from './http-flags.ts';

interface RunFlags extends HttpFlags, TokenFlag {
  readonly spawn?: number;
  readonly directory?: string;
}

export function registerRun(program: Command): void {
  const command = addTokenFlag(
    addHttpFlags(
      addCommand(program, {
        usage: 'run <job>',
        summary: 'train: starts workers on this machine, lets others join, pays them',
        examples: [
          'orchestrate run examples/mnist.yaml',
          'orchestrate run job.yaml --http 127.0.0.1:8080',
          'orchestrate run job.yaml --spawn 0 --json',
        ],
      }),
      'serve pages to watch the run and to join it from a browser, for example at 127.0.0.1:8080',
    ),
  )
    .option('--spawn <n>', 'start so many workers here, whatever the job says', Number)
    .option('--directory <folder>', "where the run's directory is made, whatever the job says");
  act<RunFlags>(command, async (output, flags, [file = '']) => {
    const [{ loadJob, withOverrides }, { canResume, createRunDirectory, newRunId }, { execute }, { readHttpFlags }] =
      await Promise.all([
        import('../plan/load-job.ts'),
        import('../store/run-directory.ts'),
        import('../coordinator/execute.ts'),
        import('../http/options.ts'),
      ]);
    const http = readHttpFlags(flags, Date.now());
    const loaded = withOverrides(await loadJob(file), flags);
    const now = new Date();
    const runId = newRunId(loaded.spec.name, now, randomBytes(4));
    const parent =
      flags.directory === undefined
        ? resolve(loaded.directory, loaded.spec.output.directory)
        : resolve(flags.directory);
    const origin = {
      runId,
      file: loaded.file,
      createdAt: now.toISOString(),
      ...(flags.spawn === undefined ? {} : { spawn: flags.spawn }),
    };
    const paths = createRunDirectory(join(parent, runId), loaded.text, origin);
    try {
      return await execute({
        loaded,
        runId,
        paths,
        past: null,
        http,
        requireToken: flags.requireToken === true,
        output,
      });
    } catch (error) {
      // Refused before the first event (a port taken, a chain unreachable): there is no run to come back to.
      if (!canResume(paths)) rmSync(paths.directory, { recursive: true });
      throw error;
    }
  });
}
