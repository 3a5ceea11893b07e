/** `orchestrate run`: a job from start to end. */
import { randomBytes } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { act, addCommand } from './command.ts';

interface RunFlags {
  readonly spawn?: number;
  readonly directory?: string;
}

export function registerRun(program: Command): void {
  const command = addCommand(program, {
    usage: 'run <job>',
    summary: 'train: starts workers on this machine, lets others join, pays them',
    examples: ['orchestrate run examples/mnist.yaml', 'orchestrate run job.yaml --spawn 0 --json'],
  })
    .option('--spawn <n>', 'start so many workers here, whatever the job says', Number)
    .option('--directory <folder>', "where the run's directory is made, whatever the job says");
  act<RunFlags>(command, async (output, flags, [file = '']) => {
    const [{ loadJob, withOverrides }, { createRunDirectory, newRunId }, { execute }] = await Promise.all([
      import('../plan/load-job.ts'),
      import('../store/run-directory.ts'),
      import('../coordinator/execute.ts'),
    ]);
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
      return await execute({ loaded, runId, paths, past: null, output });
    } catch (error) {
      // Refused before the first event (a port taken, a chain unreachable): there is no run to come back to.
      if (!existsSync(paths.journal)) rmSync(paths.directory, { recursive: true });
      throw error;
    }
  });
}
