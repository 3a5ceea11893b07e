/** A run by invitation: links let in, and nothing that the pages say gives one away. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { orchestrate } from './support/cli.ts';
import type { CliEvent } from './support/cli.ts';
import { request, say } from './support/hostile-http.ts';
import { TestRun } from './support/start.ts';

const job = { training: { rounds: 100_000 }, workers: { spawn: 1, minimum: 1 } };

const portOf = ({ listens }: CliEvent): number => Number(/:(\d+)$/.exec(listens as string)?.[1]);

/** A command that is done at once, with its last event. */
async function command(...parameters: string[]): Promise<CliEvent> {
  const running = orchestrate([...parameters, '--json']);
  await running.exited;
  return running.events.at(-1) ?? { event: 'nothing' };
}

/** `orchestrate join`, on the loopback interface alone. */
const volunteer = (run: TestRun, place: string, key: string) =>
  orchestrate(
    ['join', place, '--key', key, '--backend', 'onnx', '--threads', '1', '--listen', '/ip4/127.0.0.1/tcp/0', '--json'],
    { cwd: run.workspace.directory },
  );

const joined = (run: TestRun['command'], peerId: unknown): Promise<CliEvent> =>
  run.event('member.joined', (event) => event['peerId'] === peerId);

/** Everything secret that a run directory holds, in the forms in which it could be said. */
function secretsOf(directory: string): string[] {
  const keys = readdirSync(join(directory, 'keys')).map((name) => readFileSync(join(directory, 'keys', name)));
  return keys.flatMap((bytes) => {
    const text = bytes.toString('utf8').trim().replace(/^0x/, '');
    return [text, bytes.toString('base64').replace(/=+$/, ''), bytes.toString('hex')];
  });
}

describe('a run that asks for a join token', () => {
  it('takes who brings one, says why to who does not, and goes on so when it is resumed', async () => {
    await using run = new TestRun(job, {}, ['--http', '127.0.0.1:0', '--require-token']);
    const { url } = await run.command.event('http.listening');
    await run.committed(1);
    const directory = await run.directory();

    const uninvited = volunteer(run, `${String(url)}/join`, 'uninvited.key');
    expect((await uninvited.exited).code).toBe(2);
    expect(uninvited.transcript).toMatch(/join token.*[Aa]sk the owner of the run for a new link/s);

    const { link, id } = await command('token', directory, '--uses', '1');
    expect(link).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/join#token=/);
    expect(await command('doctor', '--join', String(link))).toMatchObject({ event: 'doctor.done' });
    const invited = volunteer(run, String(link), 'invited.key');
    const { peerId } = await invited.event('worker.started');
    await joined(run.command, peerId);

    const second = volunteer(run, String(link), 'second.key');
    expect((await second.exited).code).toBe(2);
    expect(second.transcript).toContain('as many workers as it may');

    // The volunteer stays, and dials again: a use that was counted is not counted twice.
    run.command.process.kill('SIGINT');
    await run.command.exited;
    invited.process.kill('SIGTERM');
    await invited.exited;
    const resumed = orchestrate(['resume', directory, '--json', '--http', '127.0.0.1:0']);
    try {
      const { url: again } = await resumed.event('http.listening');
      await resumed.event('round.committed');
      const uninvitedAgain = volunteer(run, `${String(again)}/join`, 'uninvited.key');
      expect((await uninvitedAgain.exited).code).toBe(2);
      const returned = volunteer(run, `${String(again)}/join#${String(link).split('#')[1]}`, 'invited.key');
      await joined(resumed, peerId);
      returned.process.kill('SIGTERM');
      await returned.exited;
      const { tokens } = await command('token', directory, '--list');
      expect((tokens as { id: string; used: number }[]).find((token) => token.id === id)).toMatchObject({ used: 1 });
    } finally {
      resumed.process.kill('SIGINT');
      await resumed.exited;
    }
  });

  it('gives nothing secret away in any answer', async () => {
    await using run = new TestRun(job, {}, ['--http', '127.0.0.1:0', '--require-token']);
    const port = portOf(await run.command.event('http.listening'));
    await run.command.event('http.pages');
    await run.committed(2);
    const directory = await run.directory();
    const { token } = await command('token', directory);
    const { body: snapshot } = await say(port, request('GET', '/api/run'));
    const { members } = JSON.parse(snapshot) as { members: { peerId: string }[] };
    const peer = members[0]?.peerId ?? '';
    const asked = [
      '/',
      '/join',
      '/api/run',
      '/api/curve?curve=trainLoss',
      '/api/members',
      `/api/members/${peer}`,
      `/api/members/${peer}/work`,
      '/api/rounds',
      '/api/log?limit=200',
      '/api/join',
      '/api/token',
      '/healthz',
      '/metrics',
      '/api/none',
      '/api/data/0',
    ];
    const forbidden = [...secretsOf(directory), String(token), String(token).split('.')[1] ?? '', directory];
    expect(forbidden.every((text) => text.length > 20)).toBe(true);
    for (const path of asked) {
      const { head, body } = await say(port, request('GET', path));
      const held = forbidden.filter((text) => `${head}${body}`.includes(text));
      expect(held, `${path} gives away`).toEqual([]);
    }
  });
});
