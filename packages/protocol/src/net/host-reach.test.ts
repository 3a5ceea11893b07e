/** How far away the hosts are that strangers name, in every spelling that a system or a browser understands. */
import { describe, expect, it } from 'vitest';
import { parseAddress } from './address.ts';
import { reachOfName } from './host-reach.ts';

describe('a name', () => {
  it.each([
    ['localhost', 'loopback'],
    ['run.LOCALHOST.', 'loopback'],
    ['router', 'private'],
    ['nas.lan', 'private'],
    ['train.example', 'public'],
    ['train-2.xn--bcher-kva.example.', 'public'],
    ['0x7f.example', 'public'],
  ] as const)('%s is %s', (name, reach) => expect(reachOfName(name)).toBe(reach));

  it.each([
    ['an IPv4 address', '127.0.0.1'],
    ['one with a dot at its end', '169.254.169.254.'],
    ['a short one', '127.1'],
    ['a hexadecimal one', '0x7f.0x1'],
    ['one as a whole number', '2130706433'],
    ['one in full-width digits', '１２７.0.0.1'],
    ['one with ideographic full stops', '127。0。0。1'],
    ['an IPv6 address', '::1'],
    ['a host behind a user', 'user@10.0.0.1'],
    ['a host before a fragment', '10.0.0.1#.example'],
    ['an encoded host', '127%2e0%2e0%2e1'],
    ['nothing', ''],
  ])('that is %s is no name', (_what, name) => expect(reachOfName(name)).toBe('none'));
});

describe('an address whose TLS goes by another name', () => {
  const reachOf = (text: string): string | undefined => parseAddress(text).host?.reach;

  it('is as near as the nearer of the two: the library dials the second', () => {
    expect(reachOf('/dns4/a.example/tcp/443/tls/sni/b.example/ws')).toBe('public');
    expect(reachOf('/dns4/a.example/tcp/443/tls/sni/router.lan/ws')).toBe('private');
    expect(reachOf('/dns4/a.example/tcp/443/tls/sni/localhost/ws')).toBe('loopback');
    expect(reachOf('/dns4/a.example/tcp/443/tls/sni/169.254.169.254/ws')).toBe('none');
    expect(reachOf('/ip4/127.0.0.1/tcp/443/tls/sni/b.example/ws')).toBe('loopback');
  });
});
