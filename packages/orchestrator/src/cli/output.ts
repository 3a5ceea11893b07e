/** Where a command's words go: people's to the terminal, machines' as one JSON object a line. */
import { JobSpecError, issueText } from '@murmuration/protocol/job';
import pc from 'picocolors';
import { exitCodeOf, isNamed } from './exit-codes.ts';
import type { ExitCode } from './exit-codes.ts';

export interface OutputOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** A named event with plain data; bigints become decimal texts. */
export type OutputEvent = Readonly<Record<string, unknown>> & { readonly event: string };

export const toJson = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'bigint' ? inner.toString() : inner));

export class Output {
  readonly json: boolean;
  readonly quiet: boolean;

  constructor({ json = false, quiet = false }: OutputOptions) {
    this.json = json;
    this.quiet = quiet;
  }

  /** A line for people; not printed under `--json` or `--quiet`. */
  line(text = ''): void {
    if (!this.json && !this.quiet) process.stdout.write(`${text}\n`);
  }

  /** What was asked for: printed for people even under `--quiet`. */
  result(text: string): void {
    if (!this.json) process.stdout.write(`${text}\n`);
  }

  /** A line for machines, under `--json` only. */
  event(event: OutputEvent): void {
    if (this.json) process.stdout.write(`${toJson(event)}\n`);
  }

  /** Says what went wrong, and returns the exit code that says so too. */
  error(error: unknown): ExitCode {
    const exitCode = exitCodeOf(error);
    const lines = errorLines(error);
    if (this.json)
      this.event({ event: 'error', code: isNamed(error) ? error.code : 'DEFECT', message: lines.join('\n'), exitCode });
    process.stderr.write(
      `${lines.map((line) => `${error instanceof JobSpecError ? '' : pc.red('error: ')}${line}`).join('\n')}\n`,
    );
    return exitCode;
  }
}

/** One line a problem. A defect of ours comes with its stack, for the report to us. */
function errorLines(error: unknown): string[] {
  if (error instanceof JobSpecError) return error.issues.map(issueText);
  if (isNamed(error)) return [error.message.replaceAll(/\s*\n\s*/g, ' ')];
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return [`${stack}\nThis is a defect of orchestrate. Please report it with the lines above.`];
}
