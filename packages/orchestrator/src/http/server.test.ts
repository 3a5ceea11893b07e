import { once } from 'node:events';
import { request as httpsRequest } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { securityHeaders } from './headers.ts';
import { MAX_CONNECTIONS_PER_ADDRESS } from './limits.ts';
import { TestServer } from './testing.ts';
import { testCert, testKey } from './testing-tls.ts';

const tls = { cert: testCert, key: testKey };

describe('a server with a certificate', () => {
  it('answers by https, with the same headers, and names wss to tabs', async () => {
    await using server = await TestServer.start({ tls });
    const options = { host: '127.0.0.1', port: server.port, path: '/api/run', ca: testCert };
    const [response] = (await once(httpsRequest(options).end(), 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(200);
    expect(response.headers).toMatchObject(securityHeaders);
    expect(JSON.parse(await text(response))).toMatchObject({ head: { name: 'test' } });
  });

  it('hangs up on who speaks plainly, and goes on', async () => {
    await using server = await TestServer.start({ tls });
    expect(await server.say('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')).not.toContain('HTTP/1.1 200');
    const socket = connectTls({ host: '127.0.0.1', port: server.port, ca: testCert });
    await once(socket, 'secureConnect');
    expect(socket.getProtocol()).toBe('TLSv1.3');
    socket.destroy();
  });
});

describe('a connection', () => {
  it('whose request takes for ever is answered 408 and closed', async () => {
    await using server = await TestServer.start({}, null, { headersMs: 100, requestMs: 200, checkMs: 20 });
    const said = await server.say('GET / HTTP/1.1\r\nHost: 127.0');
    expect(said).toMatch(/^HTTP\/1\.1 408 [^]*TOO_SLOW/);
  });

  it('that asks for a tunnel and breaks off ends nothing but itself', async () => {
    await using server = await TestServer.start();
    const unheard: unknown[] = [];
    const hear = (error: unknown): void => void unheard.push(error);
    process.on('uncaughtException', hear);
    for (let n = 0; n < 50; n++) {
      const socket = connect(server.port, '127.0.0.1');
      socket.on('error', () => undefined);
      await new Promise<void>((sent) => socket.write('CONNECT a:1 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n', () => sent()));
      socket.resetAndDestroy();
    }
    expect((await server.ask('/healthz')).status).toBe(200);
    process.off('uncaughtException', hear);
    expect(unheard).toEqual([]);
  });

  it('is one too many of its address, while another address is served', async () => {
    await using server = await TestServer.start();
    const open = await Promise.all(
      Array.from({ length: MAX_CONNECTIONS_PER_ADDRESS }, async () => {
        const socket = connect({ port: server.port, host: '127.0.0.1', localAddress: '127.0.0.2' });
        socket.on('error', () => undefined);
        await once(socket, 'connect');
        return socket;
      }),
    );
    const more = connect({ port: server.port, host: '127.0.0.1', localAddress: '127.0.0.2' });
    expect(await text(more)).toMatch(/^HTTP\/1\.1 429 [^]*TOO_MANY_CONNECTIONS/);
    expect((await server.ask('/healthz')).status).toBe(200);
    for (const socket of open) socket.destroy();
  });
});
