/** The base of every error that this project throws. */

/** What a {@link MurmurationError} is built from. */
export interface ErrorOptions {
  /** What went wrong and where, one sentence. */
  message: string;
  /** What the reader should do about it, one sentence. */
  mend: string;
  cause?: unknown;
}

/**
 * An error with a stable `code` and a `mend`: the last sentence of its message tells the reader what to do.
 * Subclasses set `code` and take an object that they turn into the sentences.
 */
export abstract class MurmurationError extends Error {
  abstract readonly code: string;
  readonly mend: string;

  constructor({ message, mend, cause }: ErrorOptions) {
    super(`${message} ${mend}`, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.mend = mend;
  }
}
