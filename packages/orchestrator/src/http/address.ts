/** Where the server listens, and the origins under which pages reach it. */
import { BlockList, isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { AnnounceError, HttpAddressError } from './errors.ts';

export interface HttpAddress {
  /** A name or an address, IPv6 without brackets. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

const LOOPBACK = '127.0.0.1';

/** Reads `host:port`, `:port` or `port`; without a host this machine alone can reach it. @throws HttpAddressError */
export function parseHttpAddress(text: string): HttpAddress {
  const [, bracketed, plain, digits = ''] = /^(?:\[([0-9a-f:.]+)\]:|([a-z0-9.-]*):)?(\d{1,5})$/i.exec(text) ?? [];
  const host = bracketed ?? (plain || LOOPBACK);
  const port = Number(digits);
  if (digits === '' || port > 65_535 || (bracketed !== undefined && isIP(bracketed) !== 6))
    throw new HttpAddressError({ text });
  return { host: host === 'localhost' ? LOOPBACK : host, port };
}

/** Reads a public origin. @throws AnnounceError */
export function parseOrigin(text: string): URL {
  if (!URL.canParse(text)) throw new AnnounceError({ text, why: 'is not an address' });
  const url = new URL(text);
  if (!['http:', 'https:'].includes(url.protocol)) throw new AnnounceError({ text, why: 'is not http or https' });
  if (url.username !== '' || url.pathname !== '/' || url.search !== '' || url.hash !== '')
    throw new AnnounceError({ text, why: 'says more than an origin' });
  return url;
}

const inBrackets = (host: string): string => (isIP(host) === 6 ? `[${host}]` : host);

export const hostAndPort = ({ host, port }: HttpAddress): string => `${inBrackets(host)}:${port}`;

/** Addresses that only this machine can use, as a socket tells them. */
const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Addresses of networks that are somebody's own: proxies and monitors stand there. */
const own = new BlockList();
own.addSubnet('10.0.0.0', 8, 'ipv4');
own.addSubnet('172.16.0.0', 12, 'ipv4');
own.addSubnet('192.168.0.0', 16, 'ipv4');
own.addSubnet('169.254.0.0', 16, 'ipv4');
own.addSubnet('fc00::', 7, 'ipv6');
own.addSubnet('fe80::', 10, 'ipv6');

/** An IPv4 address in IPv6's clothes as what it is; anything else unchanged. */
export const plainAddress = (address: string): string =>
  /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address.replace(/%.*$/, '');

function within(list: BlockList, address: string): boolean {
  const plain = plainAddress(address);
  const family = isIP(plain);
  return family !== 0 && list.check(plain, family === 4 ? 'ipv4' : 'ipv6');
}

export const isLoopback = (host: string): boolean => host === 'localhost' || within(loopback, host);

/** Of this machine or of a private network. */
export const isOwnNetwork = (address: string): boolean => isLoopback(address) || within(own, address);

/** Listens on every address of the machine. */
export const isWildcard = (host: string): boolean => host === '0.0.0.0' || host === '::';

/** An address of this machine for others on its network, where it listens on all; loopback where it has none. */
function outward(host: string): string {
  if (!isWildcard(host)) return host;
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? LOOPBACK;
}

/** What to open in a browser: the announced origin, else the address listened on. Without a slash at the end. */
export function publicOrigin(address: HttpAddress, secure: boolean, announce: URL | null): string {
  if (announce !== null) return announce.origin;
  return `${secure ? 'https' : 'http'}://${hostAndPort({ host: outward(address.host), port: address.port })}`;
}

/** The part of an address that one household or office shares: IPv6 hands out whole /64s. */
export function rateKey(address: string): string {
  const plain = plainAddress(address);
  if (isIP(plain) !== 6) return plain;
  const [head = '', tail = ''] = plain.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === '' ? [] : tail.split(':');
  const groups = plain.includes('::')
    ? [...left, ...Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right]
    : left;
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
