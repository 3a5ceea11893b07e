import { describe, expect, it } from 'vitest';
import { isOwnNetwork, parseHttpAddress, publicOrigin, rateKey } from './address.ts';
import { adviceOn, readHttpFlags } from './options.ts';

describe('--http', () => {
  it.each([
    ['8080', '127.0.0.1', 8080],
    [':8080', '127.0.0.1', 8080],
    ['localhost:0', '127.0.0.1', 0],
    ['0.0.0.0:80', '0.0.0.0', 80],
    ['[::1]:8080', '::1', 8080],
    ['train.local:65535', 'train.local', 65_535],
  ])('%s', (text, host, port) => {
    expect(parseHttpAddress(text)).toEqual({ host, port });
  });

  it.each([
    '',
    'localhost',
    '127.0.0.1:',
    '127.0.0.1:65536',
    '::1:8080',
    '[127.0.0.1]:80',
    'http://x:80',
    'a b:80',
    '-1',
  ])('%j is refused', (text) => {
    expect(() => parseHttpAddress(text)).toThrow(expect.objectContaining({ code: 'HTTP_ADDRESS' }));
  });
});

describe('the other options', () => {
  const http = '127.0.0.1:0';
  it.each([
    [{ announce: 'https://a.example' }, 'HTTP_OPTIONS'],
    [{ tlsCert: 'a.pem', tlsKey: 'b.pem' }, 'HTTP_OPTIONS'],
    [{ http, tlsCert: 'a.pem' }, 'HTTP_OPTIONS'],
    [{ http, announce: 'train.example.org' }, 'HTTP_ANNOUNCE'],
    [{ http, announce: 'ftp://train.example.org' }, 'HTTP_ANNOUNCE'],
    [{ http, announce: 'https://train.example.org/run' }, 'HTTP_ANNOUNCE'],
    [{ http, announce: 'https://user:pass@train.example.org' }, 'HTTP_ANNOUNCE'],
  ])('%j → %s', (flags, code) => {
    expect(() => readHttpFlags(flags, 0)).toThrow(expect.objectContaining({ code }));
  });

  it('are answered with advice where nobody says who makes the TLS that is announced', () => {
    const announce = 'https://train.example.org';
    const advice = (flags: object): string | null => adviceOn(readHttpFlags({ http, ...flags }, 0)!);
    expect(advice({ announce })).toMatch(/--behind-proxy/);
    expect(advice({ announce, behindProxy: true })).toBeNull();
    expect(advice({ announce: 'http://192.168.1.10:8080' })).toBeNull();
    expect(advice({})).toBeNull();
  });

  it('are none without a server', () => {
    expect(readHttpFlags({}, 0)).toBeNull();
  });
});

describe('addresses', () => {
  it('are told to others as others reach them', () => {
    const here = { host: '127.0.0.1', port: 8080 };
    expect(publicOrigin(here, false, null)).toBe('http://127.0.0.1:8080');
    expect(publicOrigin({ host: '::1', port: 8080 }, true, null)).toBe('https://[::1]:8080');
    expect(publicOrigin(here, false, new URL('https://train.example.org/'))).toBe('https://train.example.org');
    expect(publicOrigin({ host: '0.0.0.0', port: 80 }, false, null)).not.toContain('0.0.0.0');
  });

  it.each([
    ['127.0.0.1', true],
    ['::1', true],
    ['::ffff:10.1.2.3', true],
    ['192.168.1.1', true],
    ['172.31.0.1', true],
    ['fe80::1%eth0', true],
    ['172.32.0.1', false],
    ['203.0.113.9', false],
    ['2001:db8::1', false],
    ['', false],
    ['nonsense', false],
  ])('%s is of a network of its own: %s', (address, own) => {
    expect(isOwnNetwork(address)).toBe(own);
  });

  it.each([
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['203.0.113.9', '203.0.113.9'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:0db8:0001:0002::9', '2001:db8:1:2'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
  ])('%s counts as %s', (address, key) => {
    expect(rateKey(address)).toBe(key);
  });
});
