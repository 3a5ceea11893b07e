/** The base of every error that this package throws (it imports nothing internal, so it has its own base). */

/**
 * An error with a stable `code`; the last sentence of its message tells the reader what to do.
 */
export abstract class KernelError extends Error {
  abstract readonly code: string;
  readonly mend: string;

  constructor({ message, mend, cause }: { message: string; mend: string; cause?: unknown }) {
    super(`${message} ${mend}`, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.mend = mend;
  }
}
