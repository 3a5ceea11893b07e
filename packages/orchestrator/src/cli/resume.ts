/** `orchestrate resume`: goes on with a run that was interrupted, from its journal and its newest checkpoint. */
import type { Command } from 'commander';
import { act, addCommand } from './command.ts';

export function registerResume(program: Command): void {
  const command = addCommand(program, {
    usage: 'resume <run>',
    summary: 'go on with a run that was interrupted or failed',
    examples: ['orchestrate resume runs/mnist-20260101-0123abcd'],
  });
  act(command, async (output, _options, [directory = '']) => {
    const [{ loadJob, withOverrides }, { checkSameModel }, { openRunDirectory }, { replayStored }, { execute }] =
      await Promise.all([
        import('../plan/load-job.ts'),
        import('../plan/onnx-file.ts'),
        import('../store/run-directory.ts'),
        import('../store/replay-stored.ts'),
        import('../coordinator/execute.ts'),
      ]);
    const { paths, origin } = openRunDirectory(directory);
    const loaded = withOverrides(await loadJob(paths.job, { origin: origin.file, start: false }), origin);
    const past = replayStored(paths.journal);
    if (loaded.spec.model.type === 'onnx')
      checkSameModel(loaded.spec.model.path, loaded.job, past?.state.config.job ?? null);
    return execute({ loaded, runId: origin.runId, paths, past, output });
  });
}
