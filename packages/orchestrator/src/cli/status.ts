/** `orchestrate status`: where a run stands, from its journal, while it runs or afterwards. */
import type { Command } from 'commander';
import { act, addCommand } from './command.ts';

export function registerStatus(program: Command): void {
  const command = addCommand(program, {
    usage: 'status <run>',
    summary: 'say where a run stands (also while it is under way)',
    examples: ['orchestrate status runs/mnist-20260101-0123abcd'],
  });
  act(command, async (output, _options, [directory = '']) => {
    const [{ openRun }, { describeRun }, { runResult, NO_ESCROW }, { runningProcess }] = await Promise.all([
      import('../summary/open-run.ts'),
      import('../summary/describe.ts'),
      import('../summary/result.ts'),
      import('../store/run-directory.ts'),
    ]);
    const { summary, paths, result } = openRun(directory);
    const process = runningProcess(paths);
    for (const line of describeRun(summary, process)) output.result(line);
    const { event: _event, ...figures } = result ?? runResult(summary, NO_ESCROW, null);
    output.event({
      event: 'run.status',
      ...figures,
      outcome: summary.outcome?.outcome ?? (process === null ? 'stopped' : 'running'),
      process,
      target: summary.target,
    });
  });
}
