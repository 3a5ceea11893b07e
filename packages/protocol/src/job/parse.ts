/** From the text of `job.yaml` to a {@link JobSpec}, or to every problem with its line and column. */
import { isMap, isPair, isScalar, LineCounter, parseDocument } from 'yaml';
import type { Document, Node } from 'yaml';
import type { z } from 'zod';
import { MurmurationError } from '../core/errors.ts';
import { describeIssue } from './issues.ts';
import type { JobProblem } from './issues.ts';
import { jobSpecSchema } from './spec.ts';
import type { JobSpec } from './spec.ts';

/** A problem at its place; lines and columns count from 1. */
export interface JobIssue {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Dotted path of the field, empty for the file itself. */
  readonly path: string;
  readonly message: string;
}

/** A job file longer than this is not a job file. */
export const MAX_JOB_CHARACTERS = 1_048_576;

export const issueText = ({ file, line, column, message }: JobIssue): string => `${file}:${line}:${column}: ${message}`;

/**
 * The job file can't be used. `issues` has every problem found, in the order of the file.
 *
 * Causes: invalid YAML, unknown keys, values of the wrong type or out of range, sections that contradict each other, or
 * (found later, by whoever looks at the data) files that are missing or not the ones named.
 */
export class JobSpecError extends MurmurationError {
  readonly code = 'JOB_SPEC';
  readonly issues: readonly JobIssue[];

  constructor(issues: readonly JobIssue[]) {
    super({
      message: issues.map(issueText).join('\n'),
      mend: `Mend ${issues.length === 1 ? 'this line' : 'these lines'} of the job file.`,
    });
    this.issues = issues;
  }
}

/** A parsed job that still knows where each field stands, for problems that only the data can show. */
export interface PlacedJob {
  readonly spec: JobSpec;
  /** The issue `message` at the place of the field `path` (or of its nearest parent that is written out). */
  readonly issueAt: (path: readonly PropertyKey[], message: string) => JobIssue;
}

/** The offset of the node at `path`, or of the key that leads to it, or of its nearest parent that exists. */
function offsetOf(document: Document, path: readonly PropertyKey[], atKey: boolean): number {
  if (path.length === 0) return document.contents?.range?.[0] ?? 0;
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  const last = path.at(-1);
  if (isMap(parent)) {
    const pair = parent.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === last);
    const node = (atKey ? pair?.key : (pair?.value ?? pair?.key)) as Node | null | undefined;
    if (node?.range) return node.range[0];
  }
  const node = document.getIn(path, true) as Node | undefined;
  return node?.range?.[0] ?? offsetOf(document, path.slice(0, -1), true);
}

/** The document as plain data; a few aliases can unfold into gigabytes, and are refused. */
function unfold(document: Document, place: (offset: number, path: [], message: string) => JobIssue): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    throw new JobSpecError([place(0, [], `not valid YAML: ${error.message}`)]);
  }
}

/** Rules over several fields wait until every key is known: a mistyped key would make them speak of its default. */
function problemsOf(input: unknown, issues: readonly z.core.$ZodIssue[]): JobProblem[] {
  const structural = issues.filter((issue) => issue.code !== 'custom');
  return (structural.length > 0 ? structural : issues).flatMap((issue) => describeIssue(jobSpecSchema, input, issue));
}

/**
 * Parses and checks a job.
 * @param file the name to use in messages
 * @throws JobSpecError with every problem found
 */
export function parseJob(source: string, file: string): PlacedJob {
  const lines = new LineCounter();
  const place = (offset: number, path: readonly PropertyKey[], message: string): JobIssue => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col), path: path.map(String).join('.'), message };
  };
  if (source.length > MAX_JOB_CHARACTERS) {
    throw new JobSpecError([
      place(0, [], `the file has ${source.length} characters; a job has at most ${MAX_JOB_CHARACTERS}`),
    ]);
  }
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    throw new JobSpecError(
      document.errors.map((error) => place(error.pos[0], [], `not valid YAML: ${error.message.split('\n')[0]}`)),
    );
  }
  const input = unfold(document, place);
  const parsed = jobSpecSchema.safeParse(input);
  if (!parsed.success) {
    const problems = problemsOf(input, parsed.error.issues);
    const issues = problems.map(({ path, atKey, message }) => place(offsetOf(document, path, atKey), path, message));
    throw new JobSpecError(issues.toSorted((a, b) => a.line - b.line || a.column - b.column));
  }
  return { spec: parsed.data, issueAt: (path, message) => place(offsetOf(document, path, false), path, message) };
}
