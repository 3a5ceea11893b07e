/** `orchestrate explain-pay`: why a worker gets what it gets, epoch by epoch, with what was left out and why. */
import { MurmurationError } from '@murmuration/protocol';
import type { Command } from 'commander';
import { act, addCommand } from './command.ts';

class WorkerUnknownError extends MurmurationError {
  readonly code = 'WORKER_UNKNOWN';

  constructor({ worker, known }: { worker: string; known: readonly string[] }) {
    super({
      message: `No worker of this run is named ${worker}.`,
      mend:
        known.length === 0
          ? 'No worker has joined it yet.'
          : `Name one of ${known.join(', ')}, by peer id, address, or their last letters.`,
    });
  }
}

export function registerExplainPay(program: Command): void {
  const command = addCommand(program, {
    usage: 'explain-pay <run> <worker>',
    summary: 'say why a worker gets what it gets',
    examples: [
      'orchestrate explain-pay runs/mnist-20260101-0123abcd 16Uiu2HAm…',
      'orchestrate explain-pay runs/mnist-20260101-0123abcd 0x5aAe…',
    ],
  });
  act(command, async (output, _options, [directory = '', worker = '']) => {
    const [{ openRunDirectory }, { JournalStore }, { payAccount, describeAccount }] = await Promise.all([
      import('../store/run-directory.ts'),
      import('../store/journal-store.ts'),
      import('../summary/pay-account.ts'),
    ]);
    const { paths, origin } = openRunDirectory(directory);
    const journal = JournalStore.read(paths.journal);
    try {
      const { account, known } = payAccount(origin.runId, journal, worker);
      if (account === null) throw new WorkerUnknownError({ worker, known });
      for (const line of describeAccount(account)) output.result(line);
      output.event({ event: 'pay.explained', ...account });
    } finally {
      journal.close();
    }
  });
}
