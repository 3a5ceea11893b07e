/** One look each at what lies between a volunteer and a run; each answers with a finding, and what the next one needs. */
import { lookup } from 'node:dns/promises';
import { connect, isIP } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { isLoopback, isOwnNetwork } from '../../http/address.ts';
import { bad, causeText, good } from '../finding.ts';
import type { Finding } from '../finding.ts';
import type { Endpoint } from './target.ts';

export const PATIENCE_MS = 8000;

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? '';

/** What a failed connection means, by the system's code. */
const connectFailures: Readonly<Record<string, (where: string) => [found: string, mend: string]>> = {
  ECONNREFUSED: (where) => [
    `nothing listens on ${where}`,
    'The run may be over, or listen on another port or only on its own machine: ask its owner for `orchestrate doctor RUN`.',
  ],
  ETIMEDOUT: (where) => [
    `${where} does not answer at all`,
    'A firewall drops what is sent there, or the machine is off: its owner must open the port to the outside.',
  ],
  EHOSTUNREACH: (where) => [
    `there is no way to ${where}`,
    'Check that both machines are on the same network, or use its public address.',
  ],
  ENETUNREACH: (where) => [
    `this machine has no network that leads to ${where}`,
    'Check the network of this machine (IPv6 addresses need IPv6).',
  ],
  ECONNRESET: (where) => [
    `${where} hung up`,
    'Something on the way refuses the connection: a firewall, or a proxy for another service.',
  ],
};

export async function probeName({ host }: Endpoint): Promise<Finding> {
  if (isIP(host) !== 0) return good('name', `${host} is an address; no name has to be looked up`);
  try {
    const found = await lookup(host, { all: true });
    return good('name', `${host} is ${found.map(({ address }) => address).join(', ')}`);
  } catch (error) {
    return bad(
      'name',
      `${host} has no address (${codeOf(error) || causeText(error)})`,
      'Check the spelling of the link, and that this machine is online.',
    );
  }
}

/** Connects, or says within {@link PATIENCE_MS} why not. */
function connected(open: (done: () => void) => Socket): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = open(() => {
      socket.setTimeout(0).off('error', failed);
      resolve(socket);
    });
    const failed = (error: Error): void => {
      socket.destroy();
      reject(error);
    };
    socket
      .once('error', failed)
      .setTimeout(PATIENCE_MS, () => failed(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })));
  });
}

export async function probePort({ host, port }: Endpoint): Promise<Finding> {
  const where = `${host} port ${port}`;
  try {
    (await connected((done) => connect({ host, port }, done))).destroy();
    return good('port', `${where} takes connections`);
  } catch (error) {
    const [found, mend] = connectFailures[codeOf(error)]?.(where) ?? [
      `${where} can't be reached: ${causeText(error)}`,
      'Check the address, and that the run is up.',
    ];
    const near = isLoopback(host)
      ? ` ${host} is this very machine: a run on another machine needs that one's address.`
      : isOwnNetwork(host)
        ? ' It is an address of a private network: it leads there only from inside of that network.'
        : '';
    return bad('port', found, `${mend}${near}`);
  }
}

const dayMs = 86_400_000;

/** What is wrong with a certificate, by OpenSSL's code. */
const certificateMends: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'The owner must renew it.',
  DEPTH_ZERO_SELF_SIGNED_CERT:
    'Browsers refuse it; the owner needs one that a known authority signed (Caddy and Let’s Encrypt make them).',
  SELF_SIGNED_CERT_IN_CHAIN: 'Browsers refuse it, unless its authority is installed on the volunteer’s machine.',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'The chain is incomplete: --tls-cert must hold the intermediate certificates too.',
  ERR_TLS_CERT_ALTNAME_INVALID: 'It is for another name: use the name that it was made for.',
};

export async function probeTls({ host, port, secure }: Endpoint): Promise<Finding> {
  if (!secure) {
    const mend =
      'The owner should serve https (--tls-cert, or a proxy): browsers give a page no WebGPU and no threads without it.';
    if (isLoopback(host)) return good('encryption', 'none is needed on this machine itself');
    return { name: 'encryption', state: 'missing', found: 'pages come by plain http', mend };
  }
  try {
    const servername = isIP(host) === 0 ? { servername: host } : {};
    const socket = await connected((done) =>
      connectTls({ host, port, rejectUnauthorized: false, ...servername }, done),
    );
    const { authorized, authorizationError, getPeerCertificate } = socket as TLSSocket;
    const { valid_to: until } = getPeerCertificate.call(socket);
    socket.destroy();
    if (authorized) {
      const days = Math.floor((Date.parse(until) - Date.now()) / dayMs);
      return good('encryption', `the certificate is good for ${days} more days`);
    }
    const code = (authorizationError as NodeJS.ErrnoException | undefined)?.code ?? String(authorizationError);
    return bad(
      'encryption',
      `browsers will refuse the certificate (${code})`,
      certificateMends[code] ?? 'The owner needs a certificate that browsers accept.',
    );
  } catch (error) {
    return bad(
      'encryption',
      `no TLS on port ${port} (${codeOf(error) || causeText(error)})`,
      'The port may speak plain http: try the link with http://.',
    );
  }
}

const upgradeRequest = (host: string): string =>
  `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';

/** The first line of the answer to a request for a WebSocket. */
async function upgradeAnswer({ host, port, secure }: Endpoint): Promise<string> {
  const servername = isIP(host) === 0 ? { servername: host } : {};
  const socket = await connected((done) =>
    secure ? connectTls({ host, port, rejectUnauthorized: false, ...servername }, done) : connect({ host, port }, done),
  );
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const usual = port === (secure ? 443 : 80);
  const named = isIP(host) === 6 ? `[${host}]` : host;
  socket
    .setTimeout(PATIENCE_MS, () => reject(new Error('no answer')))
    .once('data', (first: Buffer) => resolve(first.toString('latin1').split('\r\n', 1)[0] ?? ''))
    .once('error', reject)
    .once('close', () => reject(new Error('it hung up')));
  socket.write(upgradeRequest(usual ? named : `${named}:${port}`));
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
}

export async function probeUpgrade(endpoint: Endpoint): Promise<Finding> {
  const proxy =
    'A proxy in front must pass WebSockets on: in nginx `proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";`, Caddy does it by itself.';
  try {
    const line = await upgradeAnswer(endpoint);
    const [, status = ''] = /^HTTP\/1\.1 (\d{3})/.exec(line) ?? [];
    if (status === '101') return good('WebSocket', 'it opens');
    if (status === '503')
      return bad(
        'WebSocket',
        'the server is there, and no coordinator behind it',
        'The run is over or paused: ask its owner to resume it.',
      );
    if (status === '429')
      return bad(
        'WebSocket',
        'too many connections from this address',
        'Close other tabs or workers, then wait a minute.',
      );
    return bad('WebSocket', `it is refused (${status || line.slice(0, 40)})`, proxy);
  } catch (error) {
    return bad('WebSocket', `it does not open: ${causeText(error)}`, proxy);
  }
}
