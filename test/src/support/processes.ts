/** Which processes a test has left behind, found by a marker in their environment. */
import { readdirSync, readFileSync } from 'node:fs';

/** The environment variable that a test sets and every descendant inherits. */
export const MARKER = 'MURMURATION_TEST_MARKER';

/** Process ids (Linux) whose environment carries `marker`, with their command lines; without zombies. */
export function processesMarked(marker: string): { pid: number; command: string }[] {
  const wanted = `${MARKER}=${marker}`;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      try {
        const environment = readFileSync(`/proc/${name}/environ`, 'utf8').split('\0');
        if (!environment.includes(wanted)) return [];
        return [{ pid: Number(name), command: readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ') }];
      } catch {
        return [];
      }
    });
}
