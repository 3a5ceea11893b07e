/** What can be wrong with a run that is to be shown. */
import { MurmurationError } from '@murmuration/protocol';

/** The index that pages are answered from can't be kept anywhere. Causes: a full disk, a temporary folder that can't be written. */
export class IndexUnusableError extends MurmurationError {
  readonly code = 'DASHBOARD_INDEX';

  constructor({ file, cause }: { file: string; cause: unknown }) {
    super({
      message: `The index of this run can be kept neither in ${file} nor in a temporary folder: ${cause instanceof Error ? cause.message : String(cause)}.`,
      mend: 'Make room on the disk, or set TMPDIR to a folder that can be written.',
      cause,
    });
  }
}

/** The journal is there and has no entry yet: the coordinator is about to write the first. */
export class RunNotBegunError extends MurmurationError {
  readonly code = 'RUN_NOT_BEGUN';

  constructor({ directory }: { directory: string }) {
    super({ message: `The run in ${directory} has not begun.`, mend: 'Look again in a moment.' });
  }
}
