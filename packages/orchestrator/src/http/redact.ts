/**
 * Reasons come from the journal, and some quote the system: `ENOSPC, write '/home/anna/runs/…'`. Where things lie on the
 * coordinator's machine is nobody's business, so it is taken out of everything that leaves.
 */
import { homedir, tmpdir } from 'node:os';

/** Shorter ones (`/`, `/tmp`) are no secret, and stand in other words too. */
const LEAST = 5;

/** @param directory the run's */
export function redactor(directory: string): (text: string) => string {
  const known: [string, string][] = [
    [directory, 'RUN'],
    [process.cwd(), '.'],
    [homedir(), '~'],
    [tmpdir(), 'TMP'],
  ];
  // As they look inside a JSON text.
  const replaced = known
    .map(([path, word]) => [JSON.stringify(path).slice(1, -1), word] as const)
    .filter(([path]) => path.length >= LEAST)
    .toSorted(([a], [b]) => b.length - a.length);
  return (text) => replaced.reduce((left, [path, word]) => left.replaceAll(path, word), text);
}
