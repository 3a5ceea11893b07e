/** What `MURMURATION_DEBUG` tells of a program of the exact backend: its stages, and where the time of a step goes. */
import type { CompiledProgram } from './compile/compile.ts';
import type { Stage } from './threads/messages.ts';

type Exports = Readonly<Record<string, (...values: readonly number[]) => void>>;

/** Calls of one function in one stage, or in all of them. */
interface Total {
  readonly label: string;
  readonly name: string;
  calls: number;
  millis: number;
}

/** Calls that do the same work on other parts of it, together. */
function totals(stages: readonly Stage[], millisOf: (work: Stage[number]) => number): readonly Total[] {
  const found = new Map<string, Total>();
  for (const work of stages.flat()) {
    const { label, name } = work;
    const key = `${label} [${name}]`;
    const total = found.get(key) ?? { label, name, calls: 0, millis: 0 };
    total.calls++;
    total.millis += millisOf(work);
    found.set(key, total);
  }
  return [...found.values()];
}

/** The stages of a list in order: what runs in how many calls. */
export function stagesText(list: string, stages: readonly Stage[]): string {
  const lines = stages.map((stage, at) => {
    const calls = totals([stage], () => 0).map(({ label, name, calls: count }) => `${label} [${name}] × ${count}`);
    return `  ${at}: ${calls.join(', ')}`;
  });
  const functions = new Set(stages.flat().map(({ name }) => name)).size;
  return [`${list}: ${stages.length} stages of ${stages.flat().length} calls of ${functions} functions`, ...lines].join(
    '\n',
  );
}

/**
 * Runs a training step call by call on the caller's thread, and tells the time of each function, the costliest first. What it adds
 * to the gradient sums is the caller's to clear.
 */
export function timingsText(
  { layout, lists }: CompiledProgram,
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
): string {
  const exports = new WebAssembly.Instance(module, { env: { memory } }).exports as Exports;
  const rows = totals(lists.train, ({ name, arguments: values, scratch }) => {
    const start = performance.now();
    if (scratch) exports[name]!(...values, layout.scratch[0]!);
    else exports[name]!(...values);
    return performance.now() - start;
  }).toSorted((a, b) => b.millis - a.millis);
  const sum = rows.reduce((all, { millis }) => all + millis, 0);
  const lines = rows.map(({ label, name, calls, millis }) => {
    const share = ((100 * millis) / sum).toFixed(1).padStart(5);
    return `  ${share} %  ${millis.toFixed(3).padStart(9)} ms  ${String(calls).padStart(4)} ×  ${label} [${name}]`;
  });
  return [`a step on one thread: ${sum.toFixed(3)} ms`, ...lines].join('\n');
}
