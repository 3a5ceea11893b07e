/** `orchestrate join`: volunteers this machine. The same program that `run` spawns, in the foreground. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Command } from 'commander';
import { workerCommand } from '../worker-bin.ts';
import { exitCodes } from './exit-codes.ts';
import type { ExitCode } from './exit-codes.ts';

export function registerJoin(program: Command): void {
  program
    .command('join <address> [options...]')
    .description('work for a run: everything after the address goes to the worker program')
    .allowUnknownOption()
    .passThroughOptions()
    .helpOption(false)
    .addHelpText(
      'after',
      '\nExample:\n  $ orchestrate join /ip4/192.168.1.10/tcp/4001/p2p/16Uiu2HA… --backend auto\n  $ MURMURATION_TOKEN=… orchestrate join ADDRESS',
    )
    .action(async (address: string, options: string[]) => {
      process.exitCode = await runWorker(['join', ...(address === '--help' ? ['--help'] : [address, ...options])]);
    });
}

/** Runs the worker program with this terminal; signals reach it through the terminal's process group or from here. */
async function runWorker(args: readonly string[]): Promise<ExitCode> {
  const child = spawn(process.execPath, [...workerCommand(), ...args], { stdio: 'inherit' });
  const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
  // Ctrl-C reaches the whole group of a terminal by itself; here it only must not end us before the worker has ended.
  const wait = (): void => undefined;
  process.on('SIGTERM', forward).on('SIGINT', wait);
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  process.off('SIGTERM', forward).off('SIGINT', wait);
  return (signal === null ? (code ?? exitCodes.failed) : exitCodes.interrupted) as ExitCode;
}
