/** `orchestrate join`: volunteers this machine. The same program that `run` spawns, in the foreground. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Command } from 'commander';
import { workerCommand } from '../worker-bin.ts';
import { exitCodes } from './exit-codes.ts';
import { isLink, placeOfLink } from './join-link.ts';
import { Output } from './output.ts';
import type { ExitCode } from './exit-codes.ts';

export function registerJoin(program: Command): void {
  program
    .command('join <address> [options...]')
    .description('work for a run, by its link or its address: everything after that goes to the worker program')
    .allowUnknownOption()
    .passThroughOptions()
    .helpOption(false)
    .addHelpText(
      'after',
      '\nExample:\n  $ orchestrate join https://train.example.org/join#token=…\n  $ orchestrate join /ip4/192.168.1.10/tcp/4001/p2p/16Uiu2HA… --backend auto\n  $ MURMURATION_TOKEN=… orchestrate join ADDRESS',
    )
    .action(async (place: string, options: string[], _: object, command: Command) => {
      const asked = [place, ...options].some((word) => word === '--help' || word === '-h');
      process.exitCode = asked ? await help(command) : await join(place, options);
    });
}

async function help(command: Command): Promise<ExitCode> {
  command.outputHelp();
  process.stdout.write('\nThe options are those of the worker program:\n\n');
  return await runWorker(['join', '--help'], null);
}

async function join(place: string, options: readonly string[]): Promise<ExitCode> {
  if (!isLink(place)) return runWorker(['join', place, ...options], null);
  try {
    const { address, token } = await placeOfLink(place);
    return await runWorker(['join', address, ...options], token);
  } catch (error) {
    return new Output({ json: options.includes('--json') }).error(error);
  }
}

/**
 * Runs the worker program with this terminal; signals reach it through the terminal's process group or from here.
 * @param token what the link carried; it goes by the environment, which nobody else sees
 */
async function runWorker(args: readonly string[], token: string | null): Promise<ExitCode> {
  const env = token === null ? process.env : { ...process.env, MURMURATION_TOKEN: token };
  const child = spawn(process.execPath, [...workerCommand(), ...args], { stdio: 'inherit', env });
  const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
  // Ctrl-C reaches the whole group of a terminal by itself; here it only must not end us before the worker has ended.
  const wait = (): void => undefined;
  process.on('SIGTERM', forward).on('SIGINT', wait);
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  process.off('SIGTERM', forward).off('SIGINT', wait);
  return (signal === null ? (code ?? exitCodes.failed) : exitCodes.interrupted) as ExitCode;
}
