/** The program as a person or a parent process meets it: exit codes, one line an error, nothing left running. */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newKey } from '@murmuration/protocol/net';

const bin = fileURLToPath(new URL('../../bin/worker.mjs', import.meta.url));
let folder = '';
let nobody = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'murmuration-cli-'));
  nobody = `/ip4/127.0.0.1/tcp/9/p2p/${(await newKey()).publicKey.toString()}`;
});
afterAll(() => rmSync(folder, { recursive: true }));

async function run(
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<{ code: number; out: string; err: string }> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', bin, ...args], {
    env: { ...process.env, HOME: folder, ...environment },
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (data) => (out += data));
  child.stderr.on('data', (data) => (err += data));
  const [code] = (await once(child, 'close')) as [number];
  return { code, out, err };
}

const quietJoin = (...args: string[]): ReturnType<typeof run> =>
  run(['join', ...args, '--quiet', '--listen', '/ip4/127.0.0.1/tcp/0']);

describe('the worker program', () => {
  it('explains itself, with examples', async () => {
    const { code, out } = await run(['join', '--help']);
    expect(code).toBe(0);
    expect(out).toMatch(/Examples:\n.*join \/ip4\//);
  });

  it.each([
    ['no command that exists', ['dance'], /unknown command/],
    ['an unknown option', ['join', '/ip4/127.0.0.1/tcp/1', '--speed', '9'], /unknown option/],
    ['a malformed address', ['join', 'localhost:4001'], /is not a multiaddr/],
    ['an address that names no peer', ['join', '/ip4/127.0.0.1/tcp/4001'], /names no peer/],
    ['an address of another transport', ['join', '/ip4/127.0.0.1/udp/4001/quic-v1'], /no TCP, WebSocket/],
  ])('answers %s with one line and exit code 2', async (_name, args, message) => {
    const { code, err } = await run(args);
    expect(code).toBe(2);
    expect(err).toMatch(message);
  });

  it.each([
    ['backend', ['--backend', 'abacus'], {}, /--backend "abacus" is not usable/],
    ['number of threads', ['--threads', 'many'], {}, /--threads "many"/],
    ['payout address', ['--payout', '0x12'], {}, /--payout "0x12"/],
    ['fault', [], { MURMURATION_MISBEHAVE: 'kindness' }, /MURMURATION_MISBEHAVE=kindness/],
  ])('refuses a bad %s', async (_name, args, environment, message) => {
    const { code, err } = await run(['join', nobody, ...args], environment);
    expect(code).toBe(2);
    expect(err).toMatch(message);
    expect(err.trim().split('\n')).toHaveLength(1);
  });

  it('refuses a key file that is none', async () => {
    const path = join(folder, 'not.key');
    writeFileSync(path, 'hello', { mode: 0o600 });
    const { code, err } = await quietJoin(nobody, '--key', path);
    expect(code).toBe(2);
    expect(err).toMatch(/does not hold 64 hexadecimal digits/);
  });

  it('names a port that is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const { code, err } = await run(['join', nobody, '--listen', `/ip4/127.0.0.1/tcp/${port}`]);
    server.close();
    expect(code).toBe(2);
    expect(err).toMatch(/the port is taken/);
  });

  it('gives up on a coordinator that is not there, with exit code 1', async () => {
    const { code, out, err } = await quietJoin(nobody, '--json');
    expect(code).toBe(1);
    expect(err).toMatch(/Cannot reach/);
    expect(
      out
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { event: string }).event),
    ).toContain('worker.started');
  });
});

describe('a worker that waits for its coordinator', () => {
  /** Starts one and resolves when it dials. */
  async function dialling(): Promise<ChildProcessByStdio<Writable, Readable, null>> {
    const args = [
      '--disable-warning=ExperimentalWarning',
      bin,
      'join',
      nobody,
      '--json',
      '--exit-with-parent',
      '--listen',
      '/ip4/127.0.0.1/tcp/0',
    ];
    const child = spawn(process.execPath, args, {
      env: { ...process.env, HOME: folder },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    for await (const chunk of child.stdout) if (String(chunk).includes('worker.connecting')) break;
    return child;
  }

  it('leaves with exit code 130 when it is interrupted', async () => {
    const child = await dialling();
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([130, null]);
  });

  it('ends when its parent closes its standard input', async () => {
    const child = await dialling();
    child.stdin.end();
    expect(await once(child, 'exit')).toEqual([130, null]);
  });
});
