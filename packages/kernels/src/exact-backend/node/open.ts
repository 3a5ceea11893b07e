/** The backend `exact` in Node. */
import { availableParallelism, cpus } from 'node:os';
import type { Backend } from '../../backend/backend.ts';
import { type ExactBackendParts, createExactBackend } from '../backend.ts';
import { spawnNodeThread } from './spawn.ts';

export interface ExactBackendOptions extends Pick<ExactBackendParts, 'tile'> {
  /** Threads; as many as there are processors unless given. */
  readonly threads?: number;
}

export function openExactBackend({ threads = availableParallelism(), ...rest }: ExactBackendOptions = {}): Backend {
  const name = `${cpus()[0]?.model.trim() || 'CPU'} (WebAssembly, ${threads} ${threads === 1 ? 'thread' : 'threads'})`;
  return createExactBackend({ ...rest, name, threads, spawn: spawnNodeThread });
}
