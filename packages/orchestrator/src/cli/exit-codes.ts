/** What the process' exit status means, and which errors lead to which. */
import { MurmurationError } from '@murmuration/protocol';

export const exitCodes = {
  /** What was asked for is done. */
  done: 0,
  /** The run failed: something broke while it was under way, or there is a defect in this program. */
  failed: 1,
  /** Bad input: nothing was started, or it was stopped again, and the message says what to mend. */
  badInput: 2,
  /** Ctrl-C. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Codes of errors that are not the reader's input: the run itself went wrong. */
const failures: ReadonlySet<string> = new Set([
  'RUN_FAILED',
  'WORKER_CRASHED',
  'JOURNAL_WRITE',
  'COORDINATOR_STATE',
  'DEPOSIT_PENDING',
]);

/** An error that names its own code and mend, ours or a kernel's. */
export function isNamed(error: unknown): error is Error & { code: string; mend: string } {
  return error instanceof MurmurationError || (error instanceof Error && 'mend' in error && 'code' in error);
}

export function exitCodeOf(error: unknown): ExitCode {
  return isNamed(error) && !failures.has(error.code) ? exitCodes.badInput : exitCodes.failed;
}
