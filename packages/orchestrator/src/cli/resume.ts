/** `orchestrate resume`: goes on with a run that was interrupted, from its journal and its newest checkpoint. */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import type { HttpFlags } from '../http/options.ts';
import type { TokenFlag } from './http-flags.ts';
import { act, addCommand } from './command.ts';
import { addHttpFlags, addTokenFlag } from './http-flags.ts';

export function registerResume(program: Command): void {
  const command = addTokenFlag(
    addHttpFlags(
      addCommand(program, {
        usage: 'resume <run>',
        summary: 'go on with a run that was interrupted or failed',
        examples: ['orchestrate resume runs/mnist-20260101-0123abcd'],
      }),
      'serve pages to watch the run and to join it from a browser, for example at 127.0.0.1:8080',
    ),
  );
  act<HttpFlags & TokenFlag>(command, async (output, flags, [directory = '']) => {
    const [
      { loadJob, withOverrides },
      { checkSameModel },
      { openRunDirectory },
      { replayStored },
      { execute },
      { readHttpFlags },
    ] = await Promise.all([
      import('../plan/load-job.ts'),
      import('../plan/onnx-file.ts'),
      import('../store/run-directory.ts'),
      import('../store/replay-stored.ts'),
      import('../coordinator/execute.ts'),
      import('../http/options.ts'),
    ]);
    const http = readHttpFlags(flags, Date.now());
    const { paths, origin } = openRunDirectory(directory, { unbegun: true });
    const past = existsSync(paths.journal) ? replayStored(paths.journal) : null;
    const loaded = withOverrides(await loadJob(paths.job, { origin: origin.file, start: past === null }), origin);
    if (loaded.spec.model.type === 'onnx')
      checkSameModel(loaded.spec.model.path, loaded.job, past?.state.config.job ?? null);
    return execute({
      loaded,
      runId: origin.runId,
      paths,
      past,
      http,
      requireToken: flags.requireToken === true,
      output,
    });
  });
}
