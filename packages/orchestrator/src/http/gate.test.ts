import { describe, expect, it } from 'vitest';
import { securityHeaders } from './headers.ts';
import { MAX_HEADER_BYTES, MAX_URL, REQUESTS_PER_WINDOW } from './limits.ts';
import { codeOf, TestServer } from './testing.ts';

const paths = ['/', '/join', '/api/run', '/api/curve', '/api/nothing', '/healthz', '/metrics', '/assets/none.js'];

describe('every answer', () => {
  it.each(paths)('%s has the headers that keep others out', async (path) => {
    await using server = await TestServer.start();
    const { headers } = await server.ask(path);
    expect(headers).toMatchObject(securityHeaders);
    expect(headers).not.toHaveProperty('access-control-allow-origin');
    expect(headers).not.toHaveProperty('x-powered-by');
  });

  it('allows no inline script, no foreign origin and no framing', () => {
    const policy = securityHeaders['content-security-policy'] ?? '';
    expect(policy).not.toMatch(/unsafe-inline|'unsafe-eval'|https?:|\*/);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
  });
});

describe('a request is refused', () => {
  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND'])('as %s', async (method) => {
    await using server = await TestServer.start();
    for (const path of paths) {
      const answer = await server.ask(path, { method });
      expect([answer.status, codeOf(answer), answer.headers.allow]).toEqual([405, 'METHOD_NOT_ALLOWED', 'GET, HEAD']);
    }
  });

  it('with a body', async () => {
    await using server = await TestServer.start();
    const answer = await server.ask('/api/run', { headers: { 'content-length': '5' } });
    expect([answer.status, codeOf(answer)]).toEqual([413, 'BODY_REFUSED']);
    expect(answer.headers.connection).toBe('close');
  });

  it('with a body that it asks leave for', async () => {
    await using server = await TestServer.start();
    const said = await server.say(
      'POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n',
    );
    expect(said).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('with an address that is too long', async () => {
    await using server = await TestServer.start();
    const answer = await server.ask(`/${'a'.repeat(MAX_URL)}`);
    expect([answer.status, codeOf(answer)]).toEqual([414, 'URL_TOO_LONG']);
  });

  it('with headers that are too large', async () => {
    await using server = await TestServer.start();
    const said = await server.say(`GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ${'a'.repeat(MAX_HEADER_BYTES)}\r\n\r\n`);
    expect(said).toMatch(/^HTTP\/1\.1 431 [^]*HEADERS_TOO_LARGE/);
  });

  it.each([
    ['no HTTP', '\u0000\u0001garbage\r\n\r\n'],
    ['TLS to a plain port', '\u0016\u0003\u0001\u0002\u0000\u0001\u0000'],
    ['a line feed in a header', 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nA\nB: c\r\n\r\n'],
    ['two lengths', 'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx'],
    [
      'length and chunks',
      'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['an address of another server', 'GET http://evil.example/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'],
  ])('as %s', async (_what, bytes) => {
    await using server = await TestServer.start();
    const said = await server.say(bytes);
    expect(said).toMatch(/^HTTP\/1\.1 4\d\d [^]*"error"/);
    for (const name of Object.keys(securityHeaders)) expect(said).toContain(name);
  });

  it('when its host is not named, or another (DNS rebinding)', async () => {
    await using server = await TestServer.start();
    for (const host of ['evil.example', 'evil.example:80', '127.0.0.1.evil.example', '10.0.0.1']) {
      const answer = await server.ask('/api/run', { headers: { host } });
      expect([answer.status, codeOf(answer)], host).toEqual([421, 'WRONG_HOST']);
    }
    for (const host of [`localhost:${server.port}`, '127.0.0.1', '[::1]:8080'])
      expect((await server.ask('/api/run', { headers: { host } })).status, host).toBe(200);
    expect((await server.ask('/api/run', { headers: { host: 'a b' } })).status).toBe(400);
  });

  it('but not by the name that it was announced under', async () => {
    await using server = await TestServer.start({ announce: 'https://train.example.org' });
    expect((await server.ask('/api/run', { headers: { host: 'train.example.org' } })).status).toBe(200);
    expect((await server.ask('/api/run', { headers: { host: 'evil.example' } })).status).toBe(421);
  });

  it('when one address asks too often, while another is answered', async () => {
    await using server = await TestServer.start();
    const ask = (from: string) => server.ask('/healthz', { from });
    for (let sent = 0; sent < REQUESTS_PER_WINDOW; sent += 50)
      await Promise.all(Array.from({ length: 50 }, () => ask('127.0.0.2')));
    const refused = await ask('127.0.0.2');
    expect([refused.status, codeOf(refused)]).toEqual([429, 'RATE_LIMITED']);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect((await ask('127.0.0.3')).status).toBe(200);
  });
});

describe('behind a proxy', () => {
  const burst = async (server: TestServer, forwarded: (index: number) => string): Promise<number[]> => {
    const statuses: number[] = [];
    for (let sent = 0; sent <= REQUESTS_PER_WINDOW; sent += 1)
      statuses.push((await server.ask('/healthz', { headers: { 'x-forwarded-for': forwarded(sent) } })).status);
    return statuses;
  };

  it('requests count for the address that the proxy adds, whatever the client claims before it', async () => {
    await using server = await TestServer.start({ behindProxy: true });
    const statuses = await burst(server, (index) => `198.51.100.${index % 250}, 203.0.113.9`);
    expect(statuses.at(-1)).toBe(429);
    expect((await server.ask('/healthz', { headers: { 'x-forwarded-for': '203.0.113.10' } })).status).toBe(200);
  });

  it('is only where it was said to be', async () => {
    await using server = await TestServer.start();
    const statuses = await burst(server, (index) => `203.0.${index >> 8}.${index & 255}`);
    expect(statuses.at(-1)).toBe(429);
  });
});
