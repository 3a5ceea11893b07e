/** The options of `join` as text, checked and turned into what a worker takes. */
import { availableParallelism, homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { address, MurmurationError, type Address } from '@murmuration/protocol';
import { loadOrCreateKey, parsePeerAddress } from '@murmuration/protocol/net';
import type { BackendChoice } from '../compute/device-messages.ts';
import { nodeHost } from '../node/host.ts';
import { faultsFrom } from '../shell/faults.ts';
import type { WorkerOptions } from '../shell/worker.ts';

/** Any free port of every interface, by TCP and by WebSocket. */
const DEFAULT_LISTEN = ['/ip4/0.0.0.0/tcp/0', '/ip4/0.0.0.0/tcp/0/ws'];
const backends: readonly BackendChoice[] = ['auto', 'webgpu', 'onnx', 'exact'];

/** As commander hands them over. */
export interface JoinFlags {
  readonly key?: string;
  readonly backend: string;
  readonly threads?: string;
  readonly listen?: readonly string[];
  readonly announce?: readonly string[];
  readonly payout?: string;
  readonly token?: string;
  readonly dataDirectory?: string;
  readonly ownJob?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly exitWithParent?: boolean;
}

/** An option's value is not what it must be. */
export class BadOptionError extends MurmurationError {
  readonly code = 'BAD_OPTION';

  constructor({ option, value, wanted }: { option: string; value: string; wanted: string }) {
    super({ message: `${option} ${JSON.stringify(value)} is not usable.`, mend: `Give ${wanted}.` });
  }
}

/** @throws BadAddressError, BadOptionError, BadKeyFileError, BadFaultError */
export async function workerOptions(coordinator: string, flags: JoinFlags): Promise<Omit<WorkerOptions, 'report'>> {
  const { peerId } = parsePeerAddress(coordinator);
  const backend = backendOf(flags.backend);
  const threads = threadsOf(flags.threads);
  const payout = flags.payout === undefined ? null : payoutOf(flags.payout);
  const faults = faultsFrom(process.env);
  return {
    key: await loadOrCreateKey(resolve(flags.key ?? defaultKeyPath())),
    coordinator: { peerId, addresses: [coordinator] },
    payout,
    token: tokenOf(flags.token ?? process.env.MURMURATION_TOKEN),
    faults,
    host: nodeHost({
      listen: flags.listen ?? DEFAULT_LISTEN,
      announce: flags.announce ?? [],
      backend,
      threads,
      data: {
        directory: flags.dataDirectory === undefined ? null : resolve(flags.dataDirectory),
        confined: flags.ownJob !== true,
      },
    }),
  };
}

/** Where a worker keeps its identity when no file is named. */
export const defaultKeyPath = (): string => join(homedir(), '.murmuration', 'worker.key');

export function backendOf(value: string): BackendChoice {
  const backend = backends.find((name) => name === value);
  if (backend === undefined) throw new BadOptionError({ option: '--backend', value, wanted: backends.join(', ') });
  return backend;
}

export function threadsOf(value: string | undefined): number {
  if (value === undefined) return availableParallelism();
  const threads = Number(value);
  if (Number.isInteger(threads) && threads >= 1 && threads <= 1024) return threads;
  throw new BadOptionError({ option: '--threads', value, wanted: 'a number from 1 to 1024' });
}

/** The longest that a hello carries. */
const MAX_TOKEN = 256;

function tokenOf(value: string | undefined): string | null {
  if (value === undefined || value === '') return null;
  if (value.length <= MAX_TOKEN) return value;
  // Not repeated in the error: a token is a secret.
  throw new BadOptionError({
    option: '--token',
    value: `(${value.length} characters)`,
    wanted: 'the part behind #token= of a join link',
  });
}

function payoutOf(value: string): Address {
  if (/^0x[0-9a-fA-F]{40}$/.test(value)) return address(value);
  throw new BadOptionError({ option: '--payout', value, wanted: 'an EVM address, 0x and 40 hexadecimal digits' });
}
