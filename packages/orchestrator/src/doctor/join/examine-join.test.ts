import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { once } from 'node:events';
import { milliseconds, PROTOCOL_VERSION, runId } from '@murmuration/protocol';
import type { Terms } from '@murmuration/protocol';
import { createNode, Door, newKey, serveControl } from '@murmuration/protocol/net';
import type { ListeningNode } from '@murmuration/protocol/net';
import { afterEach, describe, expect, it } from 'vitest';
import type { Coordination } from '../../http/messages.ts';
import { TestServer } from '../../http/testing.ts';
import { testCert, testKey } from '../../http/testing-tls.ts';
import type { Finding } from '../finding.ts';
import { examineJoin } from './examine-join.ts';

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

interface Coordinator {
  readonly node: ListeningNode;
  readonly coordination: Coordination;
}

/** A coordinator that states its terms to everybody, behind a door for the pages' port. */
async function coordinator({ tokenRequired = false, protocolVersion = PROTOCOL_VERSION } = {}): Promise<Coordinator> {
  const door = new Door();
  const node = await createNode({
    privateKey: await newKey(),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    door,
    failureTimeout: milliseconds(5000),
  });
  open.push(() => node.stop());
  const id = runId('test-20260101-00000000');
  const terms: Terms = { type: 'terms', protocolVersion, runId: id, job: {}, registration: null };
  const nobody = { onMessage: () => undefined, onClose: () => undefined };
  await serveControl(
    node,
    () => terms,
    () => nobody,
  );
  const facts = { runId: id, peerId: node.peerId, protocolVersion, tokenRequired, stateBytes: 0, files: [] };
  return { node, coordination: { facts, files: [], peers: door.address } };
}

async function serve(coordination: Coordination | null, options = {}): Promise<string> {
  const server = await TestServer.start(options, coordination);
  open.push(() => server[Symbol.asyncDispose]());
  return `127.0.0.1:${server.port}`;
}

/** A port on which something else says what it says to everybody. */
async function saying(words: string): Promise<string> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(words));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  open.push(() => server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const states = (findings: readonly Finding[]): string[] => findings.map(({ name, state }) => `${name}: ${state}`);
const last = (findings: readonly Finding[]): Finding => findings.at(-1) as Finding;

describe('the way to a run, by its link', () => {
  it('is gone to the end, in order, and ends at a job that this program does not know', async () => {
    const { coordination } = await coordinator();
    const findings = await examineJoin(`http://${await serve(coordination)}/join`, null);
    expect(states(findings)).toEqual([
      'name: good',
      'port: good',
      'encryption: good',
      'pages: good',
      'run: good',
      'version: good',
      'token: good',
      'WebSocket: good',
      'coordinator: good',
      'terms: bad',
    ]);
  });

  it.each<[string, () => Promise<string>, string, RegExp]>([
    ['nothing listens', () => Promise.resolve('http://127.0.0.1:9/join'), 'port', /nothing listens/],
    ['a name that is none', () => Promise.resolve('http://nonesuch.invalid/join'), 'name', /has no address/],
    ['a run that is not coordinated', async () => `http://${await serve(null)}/`, 'run', /takes nobody in/],
    [
      'another server',
      async () => `http://${await saying('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi')}/`,
      'pages',
      /another server/,
    ],
    ['a server that speaks no HTTP', async () => `http://${await saying('220 mail\r\n')}/`, 'pages', /don't answer/],
    ['plain http where TLS is expected', async () => `https://${await serve(null)}/`, 'encryption', /no TLS/],
    [
      'a certificate that nobody knows',
      async () => `https://${await serve(null, { tls: { cert: testCert, key: testKey } })}/`,
      'encryption',
      /DEPTH_ZERO_SELF_SIGNED_CERT/,
    ],
    [
      'another version',
      async () => `http://${await serve((await coordinator({ protocolVersion: '99.0.0' })).coordination)}/`,
      'version',
      /99\.0\.0/,
    ],
    [
      'a token that is missing',
      async () => `http://${await serve((await coordinator({ tokenRequired: true })).coordination)}/join`,
      'token',
      /asks for one/,
    ],
    [
      'a token that is unknown',
      async () => `http://${await serve((await coordinator({ tokenRequired: true })).coordination)}/join#token=x`,
      'token',
      /tokens of this run are gone/,
    ],
    [
      'a coordinator that is gone',
      async () => {
        const { node, coordination } = await coordinator();
        await node.stop();
        return `http://${await serve(coordination)}/`;
      },
      'WebSocket',
      /no coordinator/,
    ],
  ])('ends at %s, and says what to do', async (_what, link, name, found) => {
    const finding = last(await examineJoin(await link(), null));
    expect(finding).toMatchObject({ name, state: 'bad' });
    expect(finding.found).toMatch(found);
    expect(finding.mend ?? '').toMatch(/\w{3,}.*\./);
  });
});

describe('the way to a coordinator, by its address', () => {
  it('is gone to its terms', async () => {
    const { node } = await coordinator();
    const findings = await examineJoin(node.addresses()[0] ?? '', null);
    expect(states(findings)).toEqual(['name: good', 'port: good', 'coordinator: good', 'terms: bad']);
  });

  it('ends at a peer that is another', async () => {
    const [one, other] = [await coordinator(), await coordinator()];
    const address = (one.node.addresses()[0] ?? '').replace(one.node.peerId, other.node.peerId);
    expect(last(await examineJoin(address, null))).toMatchObject({ name: 'coordinator', state: 'bad' });
  });

  it.each(['foo', 'ftp://a.example/', '/ip4/127.0.0.1/udp/4001'])('is refused for %j', async (text) => {
    await expect(async () => examineJoin(text, null)).rejects.toMatchObject({ code: 'JOIN_TARGET' });
  });
});
