/** Where a run's pages are served, noted in its directory for the commands that print links. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writeDurably } from '../store/durable-file.ts';

const endpointSchema = z.object({
  /** What others open, without a slash at the end. */
  origin: z.url(),
  /** What the server listens on, `host:port`. */
  listens: z.string(),
});
export type HttpEndpoint = z.infer<typeof endpointSchema>;

const file = (directory: string): string => join(directory, 'http.json');

export function noteHttpEndpoint(directory: string, endpoint: HttpEndpoint): void {
  writeDurably(file(directory), JSON.stringify(endpoint));
}

/** Called when the server ends: what is not served has no links. */
export function forgetHttpEndpoint(directory: string): void {
  rmSync(file(directory), { force: true });
}

/** Null when no pages are served, or a killed process left nothing that can be read. */
export function readHttpEndpoint(directory: string): HttpEndpoint | null {
  if (!existsSync(file(directory))) return null;
  try {
    return endpointSchema.parse(JSON.parse(readFileSync(file(directory), 'utf8')));
  } catch {
    return null;
  }
}
