/** The worker program. Started by hand by volunteers, and by `orchestrate run` for its own machine: it is the same. */
import { Command, CommanderError } from 'commander';
import { VERSION } from '../shell/version.ts';
import { registerDoctor } from './doctor.ts';
import { EXIT_BAD_INPUT } from './exit-codes.ts';
import { registerJoin } from './join.ts';

/** A reader that has seen enough (`| head`) is no reason to leave a run. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

const program = new Command('murmuration-worker')
  .description('Computes for training runs: a run’s job is data, and every kernel is made on this machine.')
  .version(VERSION)
  .exitOverride()
  .showHelpAfterError('(add --help for more)');
registerJoin(program);
registerDoctor(program);
for (const command of program.commands) command.exitOverride();

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? 0 : EXIT_BAD_INPUT;
}
