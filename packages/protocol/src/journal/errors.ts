/** What is wrong with a journal. */
import { MurmurationError } from '../core/errors.ts';

/**
 * An entry is not what the run decided. Causes: the file was altered or cut, entries of two runs were mixed, or the
 * journal was written by a version of this program that decided differently.
 */
export class JournalMismatchError extends MurmurationError {
  readonly code = 'JOURNAL_MISMATCH';
  /** The first entry that differs. */
  readonly sequence: number;
  /** What of it differs. */
  readonly field: string;

  constructor({
    sequence,
    event,
    field,
    expected,
    found,
    cause,
  }: {
    sequence: number;
    event: string;
    field: string;
    expected: unknown;
    found: unknown;
    cause?: unknown;
  }) {
    super({
      message: `Journal entry ${sequence} (${event}) differs in ${field}: expected ${shown(expected)}, found ${shown(found)}.`,
      mend: 'Restore the journal from a copy, or replay it with the version that wrote it.',
      cause,
    });
    this.sequence = sequence;
    this.field = field;
  }
}

const shown = (value: unknown): string => {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  return text.length > 120 ? `${text.slice(0, 117)}…` : text;
};
