/** `orchestrate replay`: runs a journal through the machine again; every decision must be the one that was recorded. */
import type { Command } from 'commander';
import { act, addCommand } from './command.ts';

export function registerReplay(program: Command): void {
  const command = addCommand(program, {
    usage: 'replay <run>',
    summary: "check that a run's journal is what was decided, event by event",
    examples: ['orchestrate replay runs/mnist-20260101-0123abcd'],
  }).option('--reasons', 'print each event with the reason of its decision');
  act<{ reasons?: boolean }>(command, async (output, { reasons = false }, [directory = '']) => {
    const [{ openRunDirectory }, { replayStored }, { dateTime }] = await Promise.all([
      import('../store/run-directory.ts'),
      import('../store/replay-stored.ts'),
      import('@murmuration/protocol/dashboard'),
    ]);
    const { paths } = openRunDirectory(directory);
    const replayed = replayStored(paths.journal, (entry) => {
      if (!reasons) return;
      output.line(
        `${String(entry.sequence).padStart(7)}  ${dateTime(entry.event.at)}  ${entry.event.type}: ${entry.reason}`,
      );
      output.event({
        event: 'replay.entry',
        sequence: entry.sequence,
        at: entry.event.at,
        type: entry.event.type,
        reason: entry.reason,
      });
    });
    const entries = replayed === null ? 0 : replayed.last.sequence + 1;
    output.result(`${entries} events replayed: every decision is the one that was recorded.`);
    output.event({
      event: 'replay.done',
      entries,
      committed: replayed?.state.committed ?? 0,
      head: replayed?.last.hash ?? null,
    });
  });
}
