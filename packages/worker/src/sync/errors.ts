/** What can go wrong when a member gets data from others. */
import { MurmurationError } from '@murmuration/protocol';

/** No source serves what is wanted. Causes: all of them left, or what they serve fails its check. */
export class UnavailableError extends MurmurationError {
  readonly code = 'UNAVAILABLE';

  constructor({ what, missing, reason }: { what: string; missing: number; reason: string }) {
    super({
      message: `${missing} parts of ${what} could not be had (${reason}).`,
      mend: 'The coordinator names other sources by itself.',
    });
  }
}

/** A download that passed chunk by chunk gives another state than was asked for: a fault of this program. */
export class StateMismatchError extends MurmurationError {
  readonly code = 'STATE_MISMATCH';

  constructor({ expected, actual }: { expected: string; actual: string }) {
    super({
      message: `The state that was downloaded has the hash ${actual}, not ${expected}.`,
      mend: 'Report this with the versions of both sides.',
    });
  }
}
