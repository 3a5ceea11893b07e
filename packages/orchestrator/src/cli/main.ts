/** `orchestrate`: the commands, one file each, and what they have in common. */
import { Command, CommanderError } from 'commander';
import { closest } from '@murmuration/protocol/job';
import { registerBench } from './bench.ts';
import { registerCheck } from './check.ts';
import { registerDashboard } from './dashboard.ts';
import { registerDoctor } from './doctor.ts';
import { exitCodes } from './exit-codes.ts';
import { registerExplainPay } from './explain-pay.ts';
import { registerInit } from './init.ts';
import { registerJoin } from './join.ts';
import { registerReplay } from './replay.ts';
import { registerReport } from './report.ts';
import { registerResume } from './resume.ts';
import { registerRun } from './run.ts';
import { registerSample } from './sample.ts';
import { registerStatus } from './status.ts';
import { registerToken } from './token.ts';
import { version } from '../version.ts';

const registrations = [
  registerInit,
  registerCheck,
  registerRun,
  registerJoin,
  registerDashboard,
  registerToken,
  registerStatus,
  registerResume,
  registerReplay,
  registerSample,
  registerExplainPay,
  registerReport,
  registerDoctor,
  registerBench,
];

function buildProgram(): Command {
  const program = new Command('orchestrate')
    .description('Trains one model on many machines, and pays each for the work that was verified.')
    .version(version)
    .showSuggestionAfterError(true)
    .enablePositionalOptions()
    .addHelpText(
      'after',
      '\nExample:\n  $ orchestrate init && orchestrate run job.yaml\n\nExit codes: 0 done, 1 the run failed, 2 bad input, 130 interrupted.',
    );
  for (const register of registrations) register(program);
  for (const command of [program, ...program.commands])
    command.exitOverride().configureOutput({ outputError: () => undefined });
  return program;
}

/** Commander's complaint as one line with a mend. */
function usageLine(error: CommanderError, program: Command): string {
  const [, unknown] = /unknown command '([^']+)'/.exec(error.message) ?? [];
  const near =
    unknown === undefined
      ? undefined
      : closest(
          unknown,
          program.commands.map((command) => command.name()),
        );
  const said = error.message.replace(/^error: /, '').replaceAll('\n', ' ');
  return `error: ${said}${near !== undefined && !said.includes('Did you mean') ? ` (did you mean ${near}?)` : ''}. Run \`orchestrate --help\` to see what there is.`;
}

/** A reader that has seen enough (`| head`) is no reason to end a run. */
function outliveReader(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

/** Runs one command line; sets the process' exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  process.stdout.on('error', outliveReader);
  const program = buildProgram();
  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return;
    if (error.code !== 'commander.help') process.stderr.write(`${usageLine(error, program)}\n`);
    process.exitCode = exitCodes.badInput;
  }
}
