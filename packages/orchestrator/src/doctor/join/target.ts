/** What a volunteer was given to join by: the link of a page, or a coordinator's multiaddr. */
import { parseAddress } from '@murmuration/protocol/net';
import { MurmurationError } from '@murmuration/protocol';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
}

export type JoinTarget =
  | { readonly kind: 'link'; readonly endpoint: Endpoint; readonly origin: URL; readonly token: string | null }
  | { readonly kind: 'address'; readonly endpoint: Endpoint; readonly webSocket: boolean; readonly address: string };

/** Neither a link nor an address. */
export class JoinTargetError extends MurmurationError {
  readonly code = 'JOIN_TARGET';

  constructor({ text, cause }: { text: string; cause?: unknown }) {
    super({
      message: `--join ${JSON.stringify(text)} is neither a link nor a coordinator's address.`,
      mend: 'Give what the owner of the run sent: https://train.example.org/join#token=… or /ip4/…/tcp/…/p2p/….',
      cause,
    });
  }
}

const bare = (host: string): string => host.replaceAll(/[[\]]/g, '');

function readLink(text: string): JoinTarget {
  const url = new URL(text);
  const secure = url.protocol === 'https:';
  if (!secure && url.protocol !== 'http:') throw new JoinTargetError({ text });
  return {
    kind: 'link',
    endpoint: { host: bare(url.hostname), port: Number(url.port) || (secure ? 443 : 80), secure },
    origin: new URL(url.origin),
    token: new URLSearchParams(url.hash.slice(1)).get('token'),
  };
}

function readAddress(text: string): JoinTarget {
  const { multiaddr } = parseAddress(text);
  const parts = multiaddr.getComponents();
  const host = parts.find(({ name }) => ['ip4', 'ip6', 'dns', 'dns4', 'dns6'].includes(name))?.value;
  const port = Number(parts.find(({ name }) => name === 'tcp')?.value);
  if (host === undefined || !Number.isInteger(port)) throw new JoinTargetError({ text });
  const names = new Set(parts.map(({ name }) => name));
  const secure = names.has('wss') || (names.has('tls') && names.has('ws'));
  return { kind: 'address', endpoint: { host, port, secure }, webSocket: secure || names.has('ws'), address: text };
}

/** @throws JoinTargetError */
export function readTarget(text: string): JoinTarget {
  try {
    return URL.canParse(text) ? readLink(text) : readAddress(text);
  } catch (cause) {
    if (cause instanceof JoinTargetError) throw cause;
    throw new JoinTargetError({ text, cause });
  }
}
