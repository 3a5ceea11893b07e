/** What ends a run before its end. */
import { MurmurationError } from '@murmuration/protocol';

/** The run can't go on. What it did so far is in its directory. */
export class RunFailedError extends MurmurationError {
  readonly code = 'RUN_FAILED';

  constructor({ why, directory, cause }: { why: string; directory?: string; cause?: unknown }) {
    const mend =
      directory === undefined
        ? 'Mend the cause, then resume the run.'
        : `Mend the cause, then go on with \`orchestrate resume ${directory}\`.`;
    super({ message: `The run failed: ${why}.`, mend, cause });
  }
}

/** A worker that `run` started ended before the first round. Its own last words say why. */
export class WorkerFailedError extends MurmurationError {
  readonly code: string;

  constructor({
    index,
    how,
    badInput,
    words,
    log,
  }: {
    index: number;
    how: string;
    badInput: boolean;
    words: string;
    log: string;
  }) {
    super({
      message: `Worker ${index} of this machine ended with ${how} before the first round: ${words || 'it said nothing'}`,
      mend: `Its log is ${log}.`,
    });
    this.code = badInput ? 'WORKER_REFUSED' : 'WORKER_CRASHED';
  }
}
