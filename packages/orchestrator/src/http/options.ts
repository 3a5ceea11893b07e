/** The server as the command line asks for it. */
import { parseHttpAddress, parseOrigin } from './address.ts';
import type { HttpAddress } from './address.ts';
import { HttpOptionsError } from './errors.ts';
import type { TlsPair } from './server.ts';
import { readTlsFiles } from './tls-files.ts';

export interface HttpOptions {
  readonly address: HttpAddress;
  readonly tls: TlsPair | null;
  readonly announce: URL | null;
  readonly behindProxy: boolean;
}

/** As commander gives them. */
export interface HttpFlags {
  readonly http?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly announce?: string;
  readonly behindProxy?: boolean;
}

/** What is likely not meant so, as a sentence; null where nothing is. */
export function adviceOn({ tls, announce, behindProxy }: HttpOptions): string | null {
  if (announce?.protocol !== 'https:' || tls !== null || behindProxy) return null;
  return 'the pages are announced as https and served without TLS: a proxy in front needs --behind-proxy here, or all of its visitors share the limits of one address';
}

/**
 * Null where no server is asked for.
 * @throws HttpAddressError, AnnounceError, TlsFilesError, HttpOptionsError
 */
export function readHttpFlags(
  { http, tlsCert, tlsKey, announce, behindProxy = false }: HttpFlags,
  now: number,
): HttpOptions | null {
  if (http === undefined) {
    const stray = Object.entries({ '--tls-cert': tlsCert, '--tls-key': tlsKey, '--announce': announce }).find(
      ([, value]) => value !== undefined,
    );
    if (stray !== undefined)
      throw new HttpOptionsError({
        why: `${stray[0]} is for the server of the pages, and none is asked for`,
        mend: 'Add --http 127.0.0.1:8080.',
      });
    return null;
  }
  const address = parseHttpAddress(http);
  if ((tlsCert === undefined) !== (tlsKey === undefined))
    throw new HttpOptionsError({
      why: `${tlsCert === undefined ? '--tls-key' : '--tls-cert'} alone makes no TLS`,
      mend: 'Give both --tls-cert and --tls-key.',
    });
  const tls = tlsCert === undefined || tlsKey === undefined ? null : readTlsFiles(tlsCert, tlsKey, now);
  return { address, tls, announce: announce === undefined ? null : parseOrigin(announce), behindProxy };
}
