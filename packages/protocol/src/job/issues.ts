/** Words for what zod found: one sentence an issue, with the closest known word where one is near. */
import type { z } from 'zod';
import { closest } from './suggest.ts';

/** A problem of a job, not yet placed in its file. */
export interface JobProblem {
  readonly path: readonly PropertyKey[];
  /** Whether the problem is the key at the end of `path` itself, not its value. */
  readonly atKey: boolean;
  readonly message: string;
}

type Issue = z.core.$ZodIssue;

interface Described {
  readonly def: {
    type: string;
    shape?: Record<string, z.core.$ZodType>;
    innerType?: z.core.$ZodType;
    element?: z.core.$ZodType;
    options?: z.core.$ZodType[];
    in?: z.core.$ZodType;
  };
}
const described = (schema: z.core.$ZodType): Described['def'] => (schema as unknown as { _zod: Described })._zod.def;

/** The keys that an object at `path` may have, whichever of a union's options it is. */
function keysAt(schema: z.core.$ZodType, path: readonly PropertyKey[], value: unknown): string[] {
  const def = described(schema);
  if (def.innerType !== undefined) return keysAt(def.innerType, path, value);
  if (def.type === 'pipe' && def.in !== undefined) return keysAt(def.in, path, value);
  if (def.options !== undefined)
    return def.options.filter((option) => accepts(option, value)).flatMap((option) => keysAt(option, path, value));
  const [head, ...rest] = path;
  if (head === undefined) return Object.keys(def.shape ?? {});
  const child = def.element ?? def.shape?.[String(head)];
  return child === undefined ? [] : keysAt(child, rest, (value as Record<PropertyKey, unknown> | undefined)?.[head]);
}

/** Whether `value` carries the discriminator (`type`) of this option of a union. */
function accepts(option: z.core.$ZodType, value: unknown): boolean {
  const type = described(option).shape?.['type'];
  const wanted = type === undefined ? undefined : (type as unknown as { _zod: { values?: Set<unknown> } })._zod.values;
  return wanted === undefined || wanted.has((value as { type?: unknown } | null)?.type);
}

/** `["a", 0, "b"]` as `a[0].b`. */
const pathText = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (text, key) => (typeof key === 'number' ? `${text}[${key}]` : text === '' ? String(key) : `${text}.${String(key)}`),
    '',
  );

const valueAt = (input: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | null | undefined)?.[key], input);

function oneOf(path: readonly PropertyKey[], values: readonly unknown[], given: unknown): JobProblem {
  const words = values.map(String);
  const near = typeof given === 'string' ? closest(given, words) : undefined;
  const choice = words.length === 1 ? `must be ${words[0]}` : `must be one of ${words.join(', ')}`;
  return {
    path,
    atKey: false,
    message: `${pathText(path)} ${choice}${near === undefined ? '' : `; did you mean ${near}?`}`,
  };
}

function unknownKeys(
  schema: z.core.$ZodType,
  input: unknown,
  path: readonly PropertyKey[],
  keys: readonly string[],
): JobProblem[] {
  const known = keysAt(schema, path, input);
  return keys.map((key) => {
    const near = closest(key, known);
    const hint = near === undefined ? `known here: ${known.join(', ')}` : `did you mean ${near}?`;
    return { path: [...path, key], atKey: true, message: `${pathText([...path, key])} is not a known key; ${hint}` };
  });
}

const kinds: Readonly<Record<string, string>> = {
  object: 'a section with keys',
  array: 'a list',
  string: 'a text',
  number: 'a number',
  boolean: 'true or false',
};

/** The issue's own words where the schema gave some; zod's defaults are translated. */
function words(issue: Issue): string {
  if (issue.message.startsWith('must ')) return issue.message;
  if (issue.code === 'invalid_type') return `must be ${kinds[issue.expected] ?? issue.expected}`;
  return `is not valid (${issue.message})`;
}

/** Of a union's branches, the one that the value came furthest into. */
function nearestBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] {
  const depth = (branch: readonly Issue[]): number => Math.max(0, ...branch.map((issue) => issue.path.length));
  return branches.toSorted((a, b) => depth(b) - depth(a) || a.length - b.length)[0] ?? [];
}

function unionProblems(
  schema: z.core.$ZodType,
  input: unknown,
  issue: Issue & { code: 'invalid_union' },
  path: readonly PropertyKey[],
): JobProblem[] {
  const { options, errors } = issue as { options?: unknown[]; errors: Issue[][] };
  if (options !== undefined) return [oneOf(path, options, valueAt(input, path))];
  const literals = errors
    .flat()
    .flatMap((inner) => (inner.code === 'invalid_value' && inner.path.length === 0 ? inner.values : []));
  const branch = nearestBranch(errors);
  if (branch.every((inner) => inner.path.length === 0)) {
    return [
      {
        path,
        atKey: false,
        message: `${pathText(path)} must be ${[...literals.map(String), 'a section with keys'].join(', or ')}`,
      },
    ];
  }
  return branch.flatMap((inner) => describeIssue(schema, input, { ...inner, path: [...path, ...inner.path] }));
}

/** The problems behind one zod issue (an issue about unknown keys may hold several). */
export function describeIssue(schema: z.core.$ZodType, input: unknown, issue: Issue): JobProblem[] {
  const { path } = issue;
  if (issue.code === 'unrecognized_keys') return unknownKeys(schema, input, path, issue.keys);
  const worded = issue.message.startsWith('must ');
  const value = valueAt(input, path);
  if (value === undefined && issue.code !== 'custom' && !(issue.code === 'invalid_union' && 'discriminator' in issue)) {
    return [
      {
        path,
        atKey: false,
        message: `${pathText(path) || 'the job'} is missing${worded ? `; it ${issue.message}` : ''}`,
      },
    ];
  }
  if (issue.code === 'invalid_value') return [oneOf(path, issue.values, value)];
  if (issue.code === 'invalid_union' && !worded) return unionProblems(schema, input, issue, path);
  return [{ path, atKey: false, message: `${pathText(path) || 'the job'} ${words(issue)}` }];
}
