/** `orchestrate check`: what a job will do and cost, without doing it. Exit code 2 when it can't be done. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { act, addCommand } from './command.ts';

export function registerCheck(program: Command): void {
  const command = addCommand(program, {
    usage: 'check <job>',
    summary: 'say what a job will do and cost, and whether its data is there',
    examples: ['orchestrate check examples/mnist.yaml', 'orchestrate check job.yaml --workers 20'],
  }).option('--workers <n>', 'plan for so many workers', (text) => Math.max(1, Math.floor(Number(text)) || 1));
  act<{ workers?: number }>(command, async (output, { workers }, [file = '']) => {
    const [{ loadJob }, { planRun }, { lastMeasured }, { describePlan }] = await Promise.all([
      import('../plan/load-job.ts'),
      import('../plan/plan.ts'),
      import('../plan/measured.ts'),
      import('../plan/describe.ts'),
    ]);
    const loaded = await loadJob(file);
    const plan = planRun(loaded.spec, loaded.job, workers);
    const measured = lastMeasured(resolve(loaded.directory, loaded.spec.output.directory), loaded.spec.name);
    for (const line of describePlan(loaded, plan, measured)) output.result(line);
    const { layout: _layout, ...figures } = plan;
    const secondsGuess = measured === null ? null : measured.secondsPerRound * loaded.job.training.rounds;
    output.event({
      event: 'check.done',
      job: loaded.spec.name,
      model: loaded.job.model,
      ...figures,
      data: loaded.job.data,
      secondsGuess,
    });
  });
}
