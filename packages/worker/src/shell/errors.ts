/** What can end a worker, or keep it from performing what its machine asked for. */
import { MurmurationError } from '@murmuration/protocol';

/** The machine asked for something of a run that this process is not in: a fault of this program. */
export class NoRunError extends MurmurationError {
  readonly code = 'NO_RUN';

  constructor({ effect }: { effect: string }) {
    super({
      message: `The effect ${effect} needs a run, and there is none.`,
      mend: 'Report this with the version of the program.',
    });
  }
}

/** A person, or the end of the parent process, ended the worker before it had joined. */
export class InterruptedError extends MurmurationError {
  readonly code = 'INTERRUPTED';

  constructor({ reason }: { reason: string }) {
    super({ message: `The worker was interrupted: ${reason}.`, mend: 'Start it again to go on.' });
  }
}
