/** What ends a run before its end. */
import { MurmurationError } from '@murmuration/protocol';

/** The run can't go on. What it did so far is in its directory. */
export class RunFailedError extends MurmurationError {
  readonly code = 'RUN_FAILED';

  constructor({ why, directory, cause }: { why: string; directory?: string; cause?: unknown }) {
    const mend = directory === undefined ? 'Mend the cause, then resume the run.' : `Mend the cause, then go on with \`orchestrate resume ${directory}\`.`;
    super({ message: `The run failed: ${why}.`, mend, cause });
  }
}
