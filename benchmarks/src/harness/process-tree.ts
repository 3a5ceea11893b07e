/** Processor time of a process and all its descendants, where the system tells (Linux). */
import { readdirSync, readFileSync } from 'node:fs';

/** Clock ticks a second in `/proc/<pid>/stat`: 100 on every Linux that Node runs on. */
const TICKS = 100;

/** One process as `/proc/<pid>/stat` has it. */
export interface ProcessTimes {
  readonly pid: number;
  readonly parent: number;
  /** Of the process and of its children that it has waited for. */
  readonly seconds: number;
}

/** Parses one `/proc/<pid>/stat`; the command in it may contain anything, also spaces and brackets. */
export function parseStat(text: string): ProcessTimes {
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  // From field 3 on: state, ppid, …, utime (14), stime (15), cutime (16), cstime (17).
  const ticks = fields.slice(11, 15).reduce((sum, value) => sum + value, 0);
  return { pid: Number.parseInt(text, 10), parent: fields[1] ?? 0, seconds: ticks / TICKS };
}

/** Sums up `root` and its descendants. */
export function treeSeconds(root: number, processes: readonly ProcessTimes[]): number {
  const own = processes.find(({ pid }) => pid === root)?.seconds ?? 0;
  const children = processes.filter(({ parent }) => parent === root);
  return children.reduce((sum, { pid }) => sum + treeSeconds(pid, processes), own);
}

/** Processor seconds that `pid` and its descendants have used; null where the system does not tell. */
export function processTreeSeconds(pid: number): number | null {
  if (process.platform !== 'linux') return null;
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        return [parseStat(readFileSync(`/proc/${name}/stat`, 'utf8'))];
      } catch {
        // It ended between the listing and now.
        return [];
      }
    });
  return treeSeconds(pid, processes);
}
