import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { runId } from '@murmuration/protocol';
import type { JoinOffer } from '@murmuration/protocol/dashboard';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Coordination } from './messages.ts';
import { aPeer, codeOf, TestServer } from './testing.ts';

const content = Buffer.from(Array.from({ length: 1000 }, (_, index) => index % 251));
const sha256 = createHash('sha256').update(content).digest('hex');
let folder = '';
let file = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'routes-'));
  file = join(folder, 'data.idx');
  writeFileSync(file, content);
  mkdirSync(join(folder, 'dist/assets'), { recursive: true });
  mkdirSync(join(folder, 'dist/join'));
  writeFileSync(join(folder, 'dist/index.html'), `<!doctype html>${' '.repeat(2000)}run`);
  writeFileSync(join(folder, 'dist/join/index.html'), '<!doctype html>join');
  writeFileSync(join(folder, 'dist/assets/run-_ByyGxY8.js'), 'export {};');
  writeFileSync(join(folder, 'secret.key'), 'do not serve');
});
afterAll(() => rmSync(folder, { recursive: true }));

const coordination = (): Coordination => ({
  facts: {
    runId: runId('test-20260101-00000000'),
    peerId: aPeer,
    protocolVersion: '1.0.0',
    tokenRequired: true,
    stateBytes: 40,
    files: [{ sha256, bytes: content.length }],
  },
  files: [{ sha256, bytes: content.length, path: file }],
  peers: null,
});

describe('the API', () => {
  it.each([
    ['/api/run', 200],
    ['/api/curve?curve=trainLoss&x=samples&points=10', 200],
    ['/api/members?sort=earned&descending=1&offset=0&limit=50&find=amd', 200],
    [`/api/members/${aPeer}`, 200],
    [`/api/members/${aPeer}/work?before=10`, 200],
    ['/api/rounds?limit=1000000', 200],
    [`/api/log?kind=audit&problems=1&peer=${aPeer}`, 200],
    ['/api/curve', 400],
    ['/api/curve?curve=constructor', 400],
    ['/api/curve?curve=trainLoss&points=1e9', 400],
    ['/api/members?limit=-1', 400],
    ['/api/members?unknown=1', 400],
    ['/api/members?__proto__=1', 400],
    [`/api/members?find=${'x'.repeat(101)}`, 400],
    ['/api/members/..%2f..%2fetc%2fpasswd', 404],
    [`/api/members/${aPeer.replace('J', 'K')}`, 404],
    ['/api/log?peer=x', 404],
    ['/api/data/../../secret.key', 404],
    ['/api/data/%2e%2e%2fsecret.key', 404],
    [`/api/data/${'0'.repeat(64)}`, 404],
    ['/api/none', 404],
    ['/../secret.key', 404],
    ['/..%2f..%2fsecret.key', 404],
    ['/assets/%00.js', 404],
    ['/.env.local', 404],
  ])('%s → %i', async (path, status) => {
    await using server = await TestServer.start();
    server.service.handle({ type: 'pages', directory: join(folder, 'dist') });
    const answer = await server.ask(path);
    expect(answer.status, answer.body.toString()).toBe(status);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(codeOf(answer) ?? '').toMatch(status === 200 ? /^$/ : /^[A-Z_]+$/);
    expect(answer.body.toString()).not.toContain('do not serve');
  });

  it('answers HEAD like GET, without the body', async () => {
    await using server = await TestServer.start();
    for (const path of ['/api/run', '/', '/healthz', '/api/events']) {
      const answer = await server.ask(path, { method: 'HEAD' });
      expect([answer.status, answer.body.length], path).toEqual([200, 0]);
    }
  });

  it('keeps to itself what went wrong', async () => {
    await using server = await TestServer.start();
    server.run.snapshot = () => {
      throw new Error('/home/someone/secret');
    };
    const answer = await server.ask('/api/run');
    expect([answer.status, codeOf(answer)]).toEqual([500, 'DEFECT']);
    expect(answer.body.toString()).not.toContain('secret');
    expect(server.told).toContainEqual(expect.objectContaining({ type: 'notice' }));
  });
});

describe('no answer', () => {
  it('says where things lie on this machine', async () => {
    const directory = '/srv/annas runs/mnist-1';
    await using server = await TestServer.start({ directory });
    const { snapshot } = server.run;
    const reason = `ENOSPC, write '${directory}/checkpoints', see ${homedir()}/x and ${process.cwd()}/y`;
    server.run.snapshot = () => ({ ...snapshot.call(server.run), fault: { code: 'JOURNAL', message: reason } });
    const text = (await server.ask('/api/run')).body.toString();
    expect(JSON.parse(text)).toMatchObject({ fault: { message: "ENOSPC, write 'RUN/checkpoints', see ~/x and ./y" } });
    expect(text).not.toMatch(/annas|\/srv/);
  });
});

describe('pages', () => {
  it('are served by their names, packed, and for ever where the name says what they hold', async () => {
    await using server = await TestServer.start();
    server.service.handle({ type: 'pages', directory: join(folder, 'dist') });
    for (const path of ['/', '/index.html', `/members/${aPeer}`]) {
      const { body, headers } = await server.ask(path);
      expect([headers['content-type'], headers['cache-control']], path).toEqual([
        'text/html; charset=utf-8',
        'no-cache',
      ]);
      expect(body.toString()).toMatch(/run$/);
    }
    expect((await server.ask('/join')).body.toString()).toMatch(/join$/);
    expect((await server.ask('/join/')).body.toString()).toMatch(/join$/);
    const script = await server.ask('/assets/run-_ByyGxY8.js');
    expect(script.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    const packed = await server.ask('/', { headers: { 'accept-encoding': 'gzip, br' } });
    expect(packed.headers['content-encoding']).toBe('gzip');
    expect(packed.body.length).toBeLessThan(200);
    const again = await server.ask('/', { headers: { 'if-none-match': packed.headers.etag ?? '' } });
    expect([again.status, again.body.length]).toEqual([304, 0]);
  });

  it('say that they are being built, until they are', async () => {
    await using server = await TestServer.start();
    expect((await server.ask('/join')).body.toString()).toContain('being built');
    server.service.handle({ type: 'pages', directory: null });
    expect((await server.ask('/')).body.toString()).toContain('could not be built');
  });
});

describe('data files', () => {
  it('are served by their hash, whole and in parts', async () => {
    await using server = await TestServer.start({}, coordination());
    const path = `/api/data/${sha256}`;
    const whole = await server.ask(path);
    expect([whole.status, whole.body.equals(content)]).toEqual([200, true]);
    expect(whole.headers['cache-control']).toContain('immutable');
    const ranges: [string, number, number, number][] = [
      ['bytes=0-9', 206, 0, 10],
      ['bytes=990-', 206, 990, 1000],
      ['bytes=-10', 206, 990, 1000],
      ['bytes=995-5000', 206, 995, 1000],
      ['bytes=0-1,3-4', 200, 0, 1000],
      ['lines=1-2', 200, 0, 1000],
    ];
    for (const [range, status, from, to] of ranges) {
      const part = await server.ask(path, { headers: { range } });
      expect([part.status, part.body.equals(content.subarray(from, to))], range).toEqual([status, true]);
      const told = status === 206 ? `bytes ${from}-${to - 1}/1000` : undefined;
      expect(part.headers['content-range'], range).toBe(told);
    }
    for (const range of ['bytes=1000-', 'bytes=5-4', 'bytes=-0']) {
      const none = await server.ask(path, { headers: { range } });
      expect([none.status, codeOf(none), none.headers['content-range']], range).toEqual([
        416,
        'BAD_RANGE',
        'bytes */1000',
      ]);
    }
    const head = await server.ask(path, { method: 'HEAD' });
    expect([head.status, head.headers['content-length'], head.body.length]).toEqual([200, '1000', 0]);
  });

  it('that are no longer what the job names are not served', async () => {
    const changed = join(folder, 'changed.idx');
    writeFileSync(changed, content);
    const given = coordination();
    await using server = await TestServer.start(
      {},
      { ...given, files: [{ sha256, bytes: content.length, path: changed }] },
    );
    expect((await server.ask(`/api/data/${sha256}`)).status).toBe(200);
    writeFileSync(changed, Buffer.from(content).reverse());
    const answer = await server.ask(`/api/data/${sha256}`);
    expect([answer.status, codeOf(answer)]).toEqual([410, 'FILE_CHANGED']);
    rmSync(changed);
    expect((await server.ask(`/api/data/${sha256}`)).status).toBe(410);
  });
});

describe('the offer to join', () => {
  const offerOf = async (server: TestServer, host?: string): Promise<JoinOffer> => {
    const headers = host === undefined ? {} : { host };
    return JSON.parse((await server.ask('/api/join', { headers })).body.toString()) as JoinOffer;
  };

  it('leads back to where the page came from', async () => {
    await using server = await TestServer.start({}, coordination());
    const offer = await offerOf(server, `localhost:${server.port}`);
    expect(offer).toMatchObject({ open: true, sameOrigin: true, tokenRequired: true, dataBytes: 1000, stateBytes: 40 });
    expect(offer.addresses).toEqual([`/dns4/localhost/tcp/${server.port}/ws/p2p/${aPeer}`]);
    expect(JSON.stringify(offer)).not.toContain(folder);
  });

  it('names the public origin where there is one', async () => {
    await using server = await TestServer.start({ announce: 'https://train.example.org' }, coordination());
    expect((await offerOf(server)).addresses).toEqual([`/dns4/train.example.org/tcp/443/wss/p2p/${aPeer}`]);
  });

  it('is closed where nobody coordinates the run', async () => {
    await using server = await TestServer.start();
    expect(await offerOf(server)).toMatchObject({ open: false, addresses: [], sameOrigin: false, files: [] });
  });
});

describe('metrics', () => {
  it('tell of run, server and coordinator, to this machine and its network alone', async () => {
    await using server = await TestServer.start();
    const text = (await server.ask('/metrics')).body.toString();
    expect(text).toContain('murmuration_round 0\n');
    expect(text).toContain('murmuration_target_rounds 100\n');
    expect(text).toMatch(/murmuration_http_connections \d/);
    expect(text).toContain('own 1\n');
    const proxied = await server.ask('/metrics', { headers: { 'x-forwarded-for': '203.0.113.9' } });
    expect([proxied.status, codeOf(proxied)]).toEqual([403, 'METRICS_PRIVATE']);
  });
});
