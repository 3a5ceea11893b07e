/** What the process says to its shell: 0 done, 1 failed, 2 bad input, 130 interrupted. */
import type { WorkerEnd } from '../shell/worker.ts';

export const EXIT_DONE = 0;
export const EXIT_FAILED = 1;
export const EXIT_BAD_INPUT = 2;
export const EXIT_INTERRUPTED = 130;

/** Errors that the person who typed the command can mend by typing another. */
const badInput: ReadonlySet<string> = new Set([
  'BAD_OPTION',
  'BAD_ADDRESS',
  'BAD_KEY_FILE',
  'BAD_FAULT',
  'PORT_TAKEN',
  'LISTEN_FAILED',
  'PROTOCOL_MISMATCH',
  'PROTOCOL_VERSION',
  'JOB_RESOLUTION',
  'DATA_LOCATION',
  'DATA_FILE_MISSING',
  'DATA_HASH',
  'DATA_FORMAT',
  'BACKEND_UNAVAILABLE',
  'ADAPTER_NOT_FOUND',
]);

const codeOf = (thrown: unknown): unknown => (thrown as { code?: unknown } | null)?.code;

export function exitCodeOfError(thrown: unknown): number {
  const code = codeOf(thrown);
  if (code === 'INTERRUPTED') return EXIT_INTERRUPTED;
  return typeof code === 'string' && (badInput.has(code) || code.startsWith('TOKEN_')) ? EXIT_BAD_INPUT : EXIT_FAILED;
}

/** @param interrupted whether this process was asked to leave (a coordinator's own interruption is no failure of ours) */
export function exitCodeOfEnd({ outcome, code }: WorkerEnd, interrupted: boolean): number {
  if (interrupted) return EXIT_INTERRUPTED;
  if (outcome === 'finished' || outcome === 'interrupted') return EXIT_DONE;
  return exitCodeOfError({ code });
}
