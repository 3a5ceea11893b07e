/** What all commands share: options, help with an example, and the way from a thrown error to an exit code. */
import type { Command } from 'commander';
import { exitCodes } from './exit-codes.ts';
import type { ExitCode } from './exit-codes.ts';
import { Output } from './output.ts';
import type { OutputOptions } from './output.ts';

/** A command's work. Returns the exit code; what it throws is printed and becomes one. */
export type Action<Options> = (
  output: Output,
  options: Options & OutputOptions,
  args: readonly string[],
) => Promise<ExitCode | void>;

export interface CommandSpec {
  /** Name and arguments as commander writes them: `check <job>`. */
  readonly usage: string;
  readonly summary: string;
  /** Command lines, shown under the help. */
  readonly examples: readonly string[];
}

/** Adds a command; the caller adds its own options to what is returned, then calls {@link act}. */
export function addCommand(program: Command, { usage, summary, examples }: CommandSpec): Command {
  return program
    .command(usage)
    .description(summary)
    .option('--json', 'print one JSON object a line')
    .option('--quiet', 'print results and errors only')
    .addHelpText(
      'after',
      `\nExample${examples.length === 1 ? '' : 's'}:\n${examples.map((example) => `  $ ${example}`).join('\n')}`,
    );
}

/** Sets the process' exit code from what the action returns or throws; the process then ends by itself. */
export function act<Options>(command: Command, action: Action<Options>): void {
  command.action(async () => {
    const options = command.opts<Options & OutputOptions>();
    const output = new Output(options);
    try {
      process.exitCode = (await action(output, options, command.args)) ?? exitCodes.done;
    } catch (error) {
      process.exitCode = output.error(error);
    }
  });
}
