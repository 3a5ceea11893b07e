/** What stops a job before it starts. */
import { MurmurationError } from '@murmuration/protocol';

/** The job file itself can't be read. */
export class JobFileError extends MurmurationError {
  readonly code = 'JOB_FILE';

  constructor({ file, why, cause }: { file: string; why: string; cause?: unknown }) {
    super({
      message: `${file}: ${why}.`,
      mend: 'Name a job file; `orchestrate init` writes one to start from.',
      cause,
    });
  }
}
