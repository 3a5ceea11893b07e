/**
 * Where a data file lies: `npm:<package>/<path>`, `file:<path>`, a plain path, or `https://…`. A job may come from a
 * stranger, so a location is confined: into its package, into the folder that this machine's owner named, or to public
 * hosts with a known hash. Symbolic links are followed before that is judged.
 */
import { realpath, stat } from 'node:fs/promises';
import { isIP } from 'node:net';
import { dirname, isAbsolute, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DataFileMissingError, DataLocationError } from './errors.ts';

/** What this machine's owner allows a job to read. */
export interface LocationContext {
  /** Folder that paths are relative to and packages are looked for from: the job file's. Null: no path is allowed. */
  readonly directory: string | null;
  /** True for a job from a stranger: paths stay inside `directory`, addresses name public hosts. */
  readonly confined: boolean;
}

export type ResolvedLocation =
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'https'; readonly url: URL };

const packageName = /^(@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/;
const here = dirname(fileURLToPath(import.meta.url));

/**
 * Finds the file that `location` names.
 * @throws DataLocationError when it may not be read, DataFileMissingError when nothing is there
 */
export async function resolveLocation(location: string, context: LocationContext): Promise<ResolvedLocation> {
  if (location.startsWith('https:')) return { kind: 'https', url: resolveAddress(location, context) };
  if (location.startsWith('npm:')) return { kind: 'path', path: await resolvePackageFile(location, context) };
  if (/^[a-z][a-z0-9+.-]+:/i.test(location) && !location.startsWith('file:')) {
    throw new DataLocationError({
      location,
      reason: 'its scheme is unknown',
      mend: 'Use npm:, file:, https: or a path.',
    });
  }
  return { kind: 'path', path: await resolvePath(location, context) };
}

/** An address that may be asked. @throws DataLocationError */
export function resolveAddress(location: string, { confined }: Pick<LocationContext, 'confined'>): URL {
  if (!URL.canParse(location))
    throw new DataLocationError({ location, reason: 'it is no valid address', mend: 'Write https://<host>/<path>.' });
  const url = new URL(location);
  if (url.username !== '' || url.password !== '') {
    throw new DataLocationError({
      location: url.host,
      reason: 'it carries a password',
      mend: 'Use an address that is open to every worker.',
    });
  }
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const isPublicName = isIP(host) === 0 && host.includes('.') && !/\.(local|localhost|internal)\.?$/.test(host);
  if (confined && !isPublicName) {
    throw new DataLocationError({
      location,
      reason: 'a job from the network may only name public hosts',
      mend: 'Use a host with a public name.',
    });
  }
  return url;
}

/** Splits `npm:@scope/name/path/to/file`; no segment may climb. */
function splitPackageLocation(location: string): { name: string; path: string } {
  const segments = location.slice('npm:'.length).split('/');
  const parts = segments[0]?.startsWith('@') ? 2 : 1;
  const name = segments.slice(0, parts).join('/');
  const rest = segments.slice(parts);
  const climbs = rest.some(
    (segment) => segment === '' || segment === '.' || segment === '..' || /[\\:\0]/.test(segment),
  );
  if (!packageName.test(name) || rest.length === 0 || climbs) {
    throw new DataLocationError({
      location,
      reason: 'it names no file inside a package',
      mend: 'Write npm:<package>/<path within the package>.',
    });
  }
  return { name, path: rest.join('/') };
}

async function resolvePackageFile(location: string, { directory }: LocationContext): Promise<string> {
  const { name, path } = splitPackageLocation(location);
  const folders = [...new Set([...(directory === null ? [] : ancestors(resolve(directory))), ...ancestors(here)])].map(
    (folder) => join(folder, 'node_modules', ...name.split('/')),
  );
  for (const folder of folders) {
    const root = await realpath(folder).catch(() => null);
    const file = root === null ? null : await realpath(join(root, path)).catch(() => null);
    if (root === null || file === null) continue;
    if (!file.startsWith(root + sep))
      throw new DataLocationError({
        location,
        reason: 'it leaves its package',
        mend: 'Name a file that the package contains.',
      });
    return file;
  }
  const installed = await firstExisting(folders);
  throw new DataFileMissingError({
    location,
    searched: [installed ?? `node_modules of ${directory ?? here} and above`],
    mend:
      installed === null
        ? `Install the package: npm install ${name}.`
        : 'Correct the path, or install the version of the package that has it.',
  });
}

async function firstExisting(folders: readonly string[]): Promise<string | null> {
  for (const folder of folders) {
    if (
      await stat(folder).then(
        (entry) => entry.isDirectory(),
        () => false,
      )
    )
      return folder;
  }
  return null;
}

function ancestors(folder: string): string[] {
  const parent = dirname(folder);
  return parent === folder ? [folder] : [folder, ...ancestors(parent)];
}

async function resolvePath(location: string, { directory, confined }: LocationContext): Promise<string> {
  if (directory === null) {
    throw new DataLocationError({
      location,
      reason: 'this worker lets no job read its files',
      mend: 'Use npm: or https: data, or start the worker with a data directory.',
    });
  }
  const wanted = location.startsWith('file://') ? pathOfFileUrl(location) : location.replace(/^file:/, '');
  const path = resolve(directory, wanted);
  const root = await realpath(directory).catch(() => resolve(directory));
  if (confined && (isAbsolute(wanted) || !path.startsWith(resolve(directory) + sep))) throw outside(location);
  const file = await realpath(path).catch((cause: unknown) => {
    throw new DataFileMissingError({
      location,
      searched: [path],
      mend: 'Correct the path; it is relative to the job file.',
      cause,
    });
  });
  if (confined && !file.startsWith(root + sep)) throw outside(location);
  return file;
}

function pathOfFileUrl(location: string): string {
  try {
    return fileURLToPath(location);
  } catch {
    throw new DataLocationError({
      location,
      reason: 'it is no valid file address',
      mend: 'Write a path relative to the job file.',
    });
  }
}

function outside(location: string): DataLocationError {
  return new DataLocationError({
    location,
    reason: 'it leaves the data directory',
    mend: 'Use a path inside the folder of the job file.',
  });
}
