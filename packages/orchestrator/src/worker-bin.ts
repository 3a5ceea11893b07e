/** Where the worker program is. It is started as a process, never imported: it is what strangers run too. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { MurmurationError } from '@murmuration/protocol';

/** The worker's package is not installed beside this one. */
class WorkerMissingError extends MurmurationError {
  readonly code = 'WORKER_MISSING';

  constructor(cause?: unknown) {
    super({
      message: 'The worker program @murmuration/worker is not installed.',
      mend: 'Run `npm ci` in the folder of this program.',
      cause,
    });
  }
}

/** Arguments for `process.execPath` before the worker's own. @throws WorkerMissingError */
export function workerCommand(): string[] {
  let bin: string;
  try {
    bin = fileURLToPath(import.meta.resolve('@murmuration/worker/bin'));
  } catch (cause) {
    throw new WorkerMissingError(cause);
  }
  if (!existsSync(bin)) throw new WorkerMissingError();
  return ['--disable-warning=ExperimentalWarning', bin];
}
