/** Which addresses of strangers are dialled, from where, and in which order. */
import { describe, expect, it } from 'vitest';
import { peerId } from '../core/ids.ts';
import { originAddress, parseAddress, type AddressKind } from './address.ts';
import { MAX_DIALLED_ADDRESSES } from './limits.ts';
import { nearestTo, pathsTo, type Standpoint } from './paths.ts';

const relay = peerId('16Uiu2HAmR4KQ3QRkLCytW7o9Fxx85C9tDYm4fiqNzdWrhWS5Fi7n');
const them = peerId('16Uiu2HAm12A2heuphsgWqFjE3jcHVXNBfte9HU1fuQYRSKh6JSpN');
const other = peerId('16Uiu2HAkzdQ5Y9SYT91K1ue5SxXwgmajXntfScGnLYeip5hHyWmT');
const inNode: readonly AddressKind[] = ['tcp', 'ws', 'wss', 'relay'];
const inPage: readonly AddressKind[] = ['wss', 'relay', 'webrtc'];

const from = (kinds: readonly AddressKind[], nearest: Standpoint['nearest']): Standpoint => ({
  kinds: new Set(kinds),
  nearest,
  coordinator: { peerId: relay, addresses: ['/ip4/203.0.113.7/tcp/443/wss'] },
});
const pathsOf = (standpoint: Standpoint, ...addresses: string[]): string[] =>
  pathsTo({ peerId: them, addresses }, standpoint).map(({ kind }) => kind);
const directOf = (standpoint: Standpoint, ...addresses: string[]): string[] =>
  pathsTo({ peerId: them, addresses }, standpoint)
    .filter(({ kind }) => kind === 'direct')
    .flatMap((path) => path.addresses.map(String));

describe('from Node', () => {
  const standpoint = from(inNode, 'private');
  it.each([
    '/ip4/198.51.100.9/tcp/4001',
    '/ip4/192.168.1.9/tcp/4001/ws',
    '/dns4/a.example/tcp/443/wss',
    '/ip6/2001:db8::9/tcp/80/ws',
  ])('%s is dialled, and the peer there must be the one meant', (address) =>
    expect(directOf(standpoint, address)).toEqual([`${address}/p2p/${them}`]),
  );

  it.each([
    ['this machine itself', '/ip4/127.0.0.1/tcp/4001'],
    ['this machine by name', '/dns4/localhost/tcp/4001'],
    ['this machine in the newer notation', '/ip6/::1/tcp/4001'],
    ['an IPv4 address inside of an IPv6 one', '/ip6/::ffff:127.0.0.1/tcp/4001'],
    ['where clouds keep credentials', '/ip4/169.254.169.254/tcp/80'],
    ['no host at all', '/ip4/0.0.0.0/tcp/4001'],
    ['many hosts', '/ip4/224.0.0.1/tcp/4001'],
    ['another service’s port', '/ip4/198.51.100.9/tcp/25'],
    ['another peer', `/ip4/198.51.100.9/tcp/4001/p2p/${other}`],
    ['another transport', '/ip4/198.51.100.9/udp/4001/quic-v1'],
    ['another path of a host', '/dns4/a.example/tcp/443/wss/http-path/admin'],
    ['a relay of their choice', `/ip4/198.51.100.9/tcp/4001/p2p/${other}/p2p-circuit/p2p/${them}`],
    ['text', 'http://198.51.100.9'],
  ])('%s is not dialled', (_what, address) => expect(directOf(standpoint, address)).toEqual([]));

  it('whoever is in the run is reached by the coordinator’s relay at last', () => {
    expect(pathsOf(standpoint)).toEqual(['relay']);
    expect(pathsOf(standpoint, '/ip4/198.51.100.9/tcp/4001')).toEqual(['direct', 'relay']);
    const [path] = pathsTo({ peerId: them, addresses: [] }, standpoint);
    expect(path?.addresses.map(String)).toEqual([`/p2p/${relay}/p2p-circuit/p2p/${them}`]);
  });

  it('a stranger names a few addresses, not a network', () => {
    const many = Array.from({ length: 32 }, (_, n) => `/ip4/198.51.100.9/tcp/${4001 + n}`);
    expect(directOf(standpoint, ...many)).toHaveLength(MAX_DIALLED_ADDRESSES);
  });

  it('the coordinator is dialled as the person said', () => {
    const coordinator = { peerId: relay, addresses: ['/ip4/127.0.0.1/tcp/25'] };
    expect(pathsTo(coordinator, { ...standpoint, coordinator }).map(({ kind }) => kind)).toEqual(['direct']);
  });
});

describe('from a page', () => {
  const rtc = `/p2p/${relay}/p2p-circuit/webrtc/p2p/${them}`;

  it('WebRTC comes before the relay, signalled by the coordinator alone', () => {
    expect(pathsOf(from(inPage, 'public'), rtc)).toEqual(['webrtc', 'relay']);
    expect(pathsOf(from(inPage, 'public'), rtc.replace(relay, other))).toEqual(['relay']);
    expect(pathsOf(from(['wss', 'relay'], 'public'), rtc)).toEqual(['relay']);
  });

  it('TCP and, by https, plain WebSockets cannot be dialled', () => {
    expect(directOf(from(inPage, 'public'), '/ip4/198.51.100.9/tcp/4001', '/ip4/198.51.100.9/tcp/4001/ws')).toEqual([]);
  });

  it('what is private stays so for a page that came from elsewhere', () => {
    const [lan, name] = ['/ip4/192.168.1.1/tcp/443/wss', '/dns4/router.local/tcp/443/wss'];
    expect(directOf(from(inPage, 'public'), lan, name)).toEqual([]);
    expect(directOf(from(inPage, 'private'), lan, name)).toHaveLength(2);
  });
});

describe('addresses', () => {
  it.each([
    [`/ip4/203.0.113.7/tcp/1/p2p/${relay}/p2p-circuit/webrtc/p2p/${them}`, 'webrtc', them, relay],
    [`/dns4/a.example/tcp/443/tls/sni/a.example/ws/p2p/${relay}/p2p-circuit/p2p/${them}`, 'relay', them, relay],
    [`/dns4/a.example/tcp/443/tls/ws/p2p/${them}`, 'wss', them, null],
    [`/p2p/${relay}/p2p-circuit`, 'relay', null, relay],
  ] as const)('%s', (text, kind, peer, by) =>
    expect(parseAddress(text)).toMatchObject({ kind, peerId: peer, relay: by }),
  );

  it.each([
    ['/ip4/127.0.0.1/tcp/1', 'loopback'],
    ['/dns4/run.localhost/tcp/1/ws', 'loopback'],
    ['/ip4/172.31.0.9/tcp/1', 'private'],
    ['/ip6/fd00::1/tcp/1', 'private'],
    ['/dns4/train/tcp/1/ws', 'private'],
    ['/ip4/172.32.0.9/tcp/1', 'public'],
    ['/dns4/train.example/tcp/443/wss', 'public'],
  ] as const)('%s is %s', (address, reach) => expect(nearestTo({ peerId: relay, addresses: [address] })).toBe(reach));
});

describe('an origin as a multiaddr', () => {
  it.each([
    ['https://train.example', '/dns4/train.example/tcp/443/wss'],
    ['https://train.example:8443', '/dns4/train.example/tcp/8443/wss'],
    ['http://127.0.0.1:8080', '/ip4/127.0.0.1/tcp/8080/ws'],
    ['http://localhost', '/dns4/localhost/tcp/80/ws'],
    ['http://[::1]:9000', '/ip6/::1/tcp/9000/ws'],
  ])('%s is %s', (origin, address) => expect(originAddress(new URL(origin))).toBe(address));
});
