/** `orchestrate report`: writes a run's `report.html` anew from its journal. */
import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { act, addCommand } from './command.ts';

export function registerReport(program: Command): void {
  const command = addCommand(program, {
    usage: 'report <run>',
    summary: "write a run's report.html from its journal",
    examples: [
      'orchestrate report runs/mnist-20260101-0123abcd',
      'orchestrate report runs/mnist-20260101-0123abcd --out mnist.html',
    ],
  }).option('--out <file>', 'write to this file instead');
  act<{ out?: string }>(command, async (output, { out }, [directory = '']) => {
    const [{ openRun }, { reportOf }] = await Promise.all([
      import('../summary/open-run.ts'),
      import('../report/of-run.ts'),
    ]);
    const run = openRun(directory);
    const file = out ?? run.paths.report;
    writeFileSync(file, reportOf(run));
    output.event({ event: 'report.written', file });
    output.result(`Wrote ${file}.`);
  });
}
