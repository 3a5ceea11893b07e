/** The two forms of a suite's result: a table for people and a JSON file for machines. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine } from './machine.ts';

export type Cell = string | number;

/** A named table; numbers are shown with three significant digits. */
export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  /** What a reader must know to read the figures rightly. */
  readonly notes?: readonly string[];
}

export interface SuiteResult {
  readonly suite: string;
  /** The adapter that was measured, where the suite measures one: results of several stand side by side. */
  readonly adapter?: string | null;
  readonly tables: readonly Table[];
  /** The raw figures behind the tables. */
  readonly data: unknown;
}

const text = (cell: Cell): string => {
  if (typeof cell === 'string') return cell;
  return Math.abs(cell) >= 1000 ? cell.toFixed(0) : String(Number(cell.toPrecision(3)));
};

/** A table as aligned text: numbers to the right, words to the left. */
export function formatTable({ title, columns, rows, notes }: Table): string {
  const cells = [columns, ...rows.map((row) => row.map(text))];
  const widths = columns.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const numeric = columns.map((_, column) => rows.length > 0 && rows.every((row) => typeof row[column] === 'number'));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (numeric[column] ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  const [head, ...body] = cells;
  return [
    title,
    line(head ?? []),
    widths.map((width) => '─'.repeat(width)).join('  '),
    ...body.map(line),
    ...(notes ?? []).map((note) => `  ${note}`),
  ].join('\n');
}

/** `AMD EPYC 9B14 (SwiftShader)` → `amd-epyc-9b14-swiftshader`. */
const slug = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');

/** The file of a result: the suite, and where it measures an adapter also the machine and the adapter's first words. */
export function resultFile({ suite, adapter }: SuiteResult, { cpu, cores }: Machine): string {
  if (adapter === undefined) return `${suite}.json`;
  const device = slug((adapter ?? 'no adapter').split(/[:(]/)[0] ?? '');
  return `${suite}-${slug(cpu)}-${cores}-cores-${device}.json`;
}

/** Writes `benchmarks/results/<file>` (or into `folder`) and returns its path. */
export function writeResult(folder: string, result: SuiteResult, machine: Machine): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, resultFile(result, machine));
  writeFileSync(path, `${JSON.stringify({ machine, ...result }, null, 2)}\n`);
  return path;
}
