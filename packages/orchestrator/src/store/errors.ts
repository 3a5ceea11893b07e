/** What can be wrong with a run directory and the files in it. */
import { MurmurationError } from '@murmuration/protocol';

/** There is no run there. Cause: a wrong path, or a run that failed before its directory was complete. */
export class RunNotFoundError extends MurmurationError {
  readonly code = 'RUN_NOT_FOUND';

  constructor({ directory, missing }: { directory: string; missing: string }) {
    super({
      message: `${directory} is not a run directory (it has no ${missing}).`,
      mend: 'Name a directory that `orchestrate run` made, such as runs/mnist-….',
    });
  }
}

/** The budget was sent, or may have been, and the run ended before its first event. Cause: a chain's node that hiccuped. */
export class DepositPendingError extends MurmurationError {
  readonly code = 'DEPOSIT_PENDING';

  constructor({ directory, cause }: { directory: string; cause: unknown }) {
    super({
      message: `The run's budget may be deposited already, and then: ${cause instanceof Error ? cause.message : String(cause)}`,
      mend: `Go on with \`orchestrate resume ${directory}\`, which finds the deposit; a new run would make a second one.`,
      cause,
    });
  }
}

/** Another process writes this run's journal. */
export class RunBusyError extends MurmurationError {
  readonly code = 'RUN_BUSY';

  constructor({ directory, pid }: { directory: string; pid: number }) {
    super({
      message: `The run in ${directory} is under way in process ${pid}.`,
      mend: 'Wait for it, or stop that process, and try again.',
    });
  }
}

/** A file ends before its header says it does. Causes: a full disk, an interrupted copy. */
export class TruncatedFileError extends MurmurationError {
  readonly code = 'FILE_TRUNCATED';
  readonly file: string;

  constructor({ file, expected, found }: { file: string; expected: number; found: number }) {
    super({
      message: `${file} is truncated: it has ${found} bytes where ${expected} belong.`,
      mend: 'Delete the directory that it is in, so that the checkpoint before it is used, or copy it again.',
    });
    this.file = file;
  }
}

/** A file's content contradicts itself or its manifest. Causes: a changed or mixed-up file, a damaged disk. */
export class CorruptFileError extends MurmurationError {
  readonly code = 'FILE_CORRUPT';
  readonly file: string;

  constructor({ file, why, cause }: { file: string; why: string; cause?: unknown }) {
    super({
      message: `${file} is not what was written: ${why}.`,
      mend: 'Delete the directory that it is in, so that the checkpoint before it is used, or restore it from a copy.',
      cause,
    });
    this.file = file;
  }
}

/** The journal has an event that was not written by this program in this place. */
export class JournalAlteredError extends MurmurationError {
  readonly code = 'JOURNAL_ALTERED';
  /** Position of the first bad event, from 0. */
  readonly position: number;

  constructor({ file, position, why, cause }: { file: string; position: number; why: string; cause?: unknown }) {
    super({
      message: `${file}: event ${position} is not what was recorded: ${why}.`,
      mend: 'Restore the journal from a copy, or use the version of this program that wrote it.',
      cause,
    });
    this.position = position;
  }
}

/** An entry could not be written. Causes: a full disk, a directory that was removed. */
export class JournalWriteError extends MurmurationError {
  readonly code = 'JOURNAL_WRITE';

  constructor({ file, cause }: { file: string; cause: unknown }) {
    super({
      message: `${file} can't be written: ${cause instanceof Error ? cause.message : String(cause)}.`,
      mend: 'Make room on the disk, then go on with `orchestrate resume`.',
      cause,
    });
  }
}

/**
 * The journal's newest entries are in the file beside it, which can't be read where no file can be made. Cause: the run's
 * directory was copied while it was written, to a place that is read-only.
 */
export class UnwritableFolderError extends MurmurationError {
  readonly code = 'FOLDER_READ_ONLY';

  constructor({ file, log }: { file: string; log: string }) {
    super({
      message: `Part of ${file} is in ${log}, which can't be read in a folder that is read-only.`,
      mend: 'Copy the run directory to a folder that can be written, and name the copy.',
    });
  }
}
