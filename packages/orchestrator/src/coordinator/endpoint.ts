/** Where a run listened, kept so that a restarted coordinator can be redialled at the same place. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeDurably } from '../store/durable-file.ts';
import type { RunPaths } from '../store/run-directory.ts';

const endpointFile = ({ directory }: RunPaths): string => join(directory, 'endpoint.json');

/** Ports that the system chose the last time stand in for port 0; anything else is as the job says. */
export function listenAddresses(paths: RunPaths, wanted: readonly string[]): string[] {
  const file = endpointFile(paths);
  if (!existsSync(file)) return [...wanted];
  const known = JSON.parse(readFileSync(file, 'utf8')) as readonly string[];
  return wanted.map((address) => {
    const pattern = new RegExp(`^${address.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replace('/tcp/0', '/tcp/\\d+')}$`);
    return address.includes('/tcp/0') ? (known.find((candidate) => pattern.test(candidate)) ?? address) : address;
  });
}

export function noteEndpoint(paths: RunPaths, addresses: readonly string[]): void {
  writeDurably(endpointFile(paths), JSON.stringify(addresses.map((address) => address.replace(/\/p2p\/[^/]+$/, ''))));
}
