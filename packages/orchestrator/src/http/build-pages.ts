/**
 * The pages are built where they are needed, by a process of their own: nothing at install, and no bundler in a coordinator.
 * Nothing changed since the last time means nothing to do.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { text } from 'node:stream/consumers';

export interface PagesBuild {
  /** The folder of the built pages; null when there is none. */
  readonly directory: string | null;
  /** Why not; null when all is well. */
  readonly problem: string | null;
}

/** The program that builds them; null where the package is not installed. */
function builder(): string | null {
  try {
    const file = fileURLToPath(import.meta.resolve('@murmuration/dashboard/build'));
    return existsSync(file) ? file : null;
  } catch {
    return null;
  }
}

/** Builds what is missing or stale. Never rejects: a run goes on without pages. */
export async function buildPages(signal: AbortSignal): Promise<PagesBuild> {
  const program = builder();
  if (program === null)
    return { directory: null, problem: 'the package @murmuration/dashboard is not installed (run `npm ci`)' };
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, '--if-stale'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
  });
  const { promise: ended, resolve } = Promise.withResolvers<number | null>();
  child.once('error', () => resolve(null)).once('close', resolve);
  const [said, complaint, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  if (code === 0) return { directory: said.trimEnd().split('\n').at(-1) ?? '', problem: null };
  return { directory: null, problem: complaint.trim().split('\n').slice(0, 3).join(' ') || 'the build was stopped' };
}
