/** What an examination says. */
import { MurmurationError } from '@murmuration/protocol';

export interface Finding {
  readonly name: string;
  /** `missing`: it can be done without; `bad`: it can't. */
  readonly state: 'good' | 'missing' | 'bad';
  readonly found: string;
  /** What to do, null when there is nothing to be done. */
  readonly mend: string | null;
}

export const good = (name: string, found: string): Finding => ({ name, state: 'good', found, mend: null });
export const missing = (name: string, found: string, mend: string | null): Finding => ({
  name,
  state: 'missing',
  found,
  mend,
});
export const bad = (name: string, found: string, mend: string | null): Finding => ({ name, state: 'bad', found, mend });

/** What was said, on one line, without the advice that a finding gives itself. */
export function causeText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const said = error instanceof MurmurationError ? error.message.slice(0, -error.mend.length) : error.message;
  return said.replaceAll(/\s+/g, ' ').trim();
}
