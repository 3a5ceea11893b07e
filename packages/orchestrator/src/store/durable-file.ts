/** Files that are either wholly there or not there at all, whenever the machine stops. */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writevSync } from 'node:fs';
import { dirname } from 'node:path';
import { CorruptFileError } from './errors.ts';

/** Makes the directory's own entries durable (a rename lives in its directory). */
export function syncDirectory(directory: string): void {
  const handle = openSync(directory, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function writeAll(handle: number, parts: readonly Uint8Array[]): void {
  const left = parts.filter((part) => part.length > 0);
  while (left.length > 0) {
    // One call may write less than it was given (it stops at 2 GiB), so what it wrote is taken off the front.
    let written = writevSync(handle, left.slice(0, 512));
    while (written > 0) {
      const [first] = left;
      if (first === undefined) break;
      if (written >= first.length) left.shift();
      else left[0] = first.subarray(written);
      written -= Math.min(written, first.length);
    }
  }
}

/** Writes `parts` after one another to a temporary name, flushes, and renames onto `path`. */
export function writeDurably(path: string, parts: readonly Uint8Array[] | string): void {
  const temporary = `${path}.part`;
  const handle = openSync(temporary, 'w');
  try {
    writeAll(handle, typeof parts === 'string' ? [Buffer.from(parts)] : parts);
    fsyncSync(handle);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    closeSync(handle);
  }
  renameSync(temporary, path);
  syncDirectory(dirname(path));
}

/** Reads a file that must be there. @throws CorruptFileError when it can't be read */
export function readWhole(file: string): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(readFileSync(file));
  } catch (cause) {
    throw new CorruptFileError({ file, why: 'it cannot be read', cause });
  }
}
