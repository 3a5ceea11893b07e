/** `join`: works for one run until it ends, or until it is told to leave. */
import type { Command } from 'commander';
import { Worker } from '../shell/worker.ts';
import { problemOf } from '../shell/report.ts';
import { exitCodeOfEnd, exitCodeOfError, EXIT_INTERRUPTED } from './exit-codes.ts';
import { workerOptions, type JoinFlags } from './options.ts';
import { printer } from './print.ts';

const examples = `
Examples:
  $ murmuration-worker join /ip4/192.168.1.10/tcp/4001/p2p/16Uiu2HA…
  $ murmuration-worker join /dns4/train.example/tcp/4001/ws/p2p/16Uiu2HA… --backend webgpu --payout 0x8ba1f109551bD432803012645Ac136ddd64DBA72
  $ murmuration-worker join ADDRESS --key other.key --listen /ip4/0.0.0.0/tcp/4002 --announce /ip4/203.0.113.7/tcp/4002

Exit status: 0 the run finished, 1 it failed or refused this worker, 2 bad input, 130 interrupted.`;

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

export function registerJoin(program: Command): void {
  program
    .command('join <address>')
    .description('work for the run whose coordinator listens at a multiaddr that ends in /p2p/<its peer id>')
    .option('--key <file>', 'this worker’s secp256k1 key, made when it is not there (~/.murmuration/worker.key)')
    .option('--backend <name>', 'auto, webgpu, onnx or exact', 'auto')
    .option('--threads <n>', 'CPU threads that compute; all cores unless given')
    .option('--listen <multiaddr>', 'where other members can reach this one; repeatable (any free port)', collect)
    .option(
      '--announce <multiaddr>',
      'what others are told to dial instead, behind a NAT or proxy; repeatable',
      collect,
    )
    .option('--payout <address>', 'EVM address that pay goes to; the key’s own unless given')
    .option(
      '--token <text>',
      'lets you in where the run asks for one; or MURMURATION_TOKEN in the environment, which nobody else sees',
    )
    .option('--data-directory <folder>', 'folder that jobs may read data files from; none unless given')
    .option('--own-job', 'the job is its owner’s on this machine: its data paths may lead out of the data directory')
    .option('--exit-with-parent', 'leave when standard input closes')
    .option('--json', 'one JSON object a line')
    .option('--quiet', 'only problems and the end')
    .addHelpText('after', examples)
    .action(async (address: string, flags: JoinFlags) => {
      process.exitCode = await join(address, flags);
    });
}

async function join(address: string, flags: JoinFlags): Promise<number> {
  const report = printer({
    json: flags.json === true,
    quiet: flags.quiet === true,
    write: (line) => process.stdout.write(`${line}\n`),
  });
  try {
    const worker = await Worker.create({ ...(await workerOptions(address, flags)), report });
    const watch = watchForLeave(worker, flags.exitWithParent === true);
    try {
      return exitCodeOfEnd(await worker.run(), watch.interrupted());
    } finally {
      watch.stop();
    }
  } catch (error) {
    report(problemOf(error));
    process.stderr.write(`error: ${problemOf(error).message}\n`);
    return exitCodeOfError(error);
  }
}

interface Watch {
  readonly interrupted: () => boolean;
  stop(): void;
}

/** Signals ask the worker to leave in good order; the second one ends the process. A closed standard input ends it too. */
function watchForLeave(worker: Worker, withParent: boolean): Watch {
  let asked = false;
  const leave = (reason: string): void => {
    if (asked) process.exit(EXIT_INTERRUPTED);
    asked = true;
    worker.interrupt(reason);
  };
  const onSignal = (signal: NodeJS.Signals): void => leave(`${signal} received`);
  // The parent is gone and with it the coordinator: there is nobody to take leave of.
  const onEnd = (): never => process.exit(EXIT_INTERRUPTED);
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  if (withParent) process.stdin.on('end', onEnd).on('close', onEnd).on('error', onEnd).resume();
  return {
    interrupted: () => asked,
    stop() {
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
      if (withParent) process.stdin.off('end', onEnd).off('close', onEnd).off('error', onEnd).pause().unref();
    },
  };
}
