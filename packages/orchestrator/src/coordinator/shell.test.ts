import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { address, hash, milliseconds, runId } from '@murmuration/protocol';
import type { TimerName } from '@murmuration/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { jobSalt } from '../settlement/salt.ts';
import { markDeposit, readDeposit } from '../store/deposit.ts';
import { canResume, createRunDirectory, lockRun, newRunId, openRunDirectory } from '../store/run-directory.ts';
import type { RunPaths } from '../store/run-directory.ts';
import { listenAddresses, noteEndpoint } from './endpoint.ts';
import { loadSecrets } from './secrets.ts';
import { Timers } from '@murmuration/protocol/net';
import { lastWords, threadsOf } from './worker-processes.ts';
import { writeFileSync } from 'node:fs';

let directory = '';
let paths: RunPaths;
const id = runId('test-20260101-00000000');
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'shell-'));
  paths = createRunDirectory(join(directory, id), 'name: test\n', {
    runId: id,
    file: '/jobs/job.yaml',
    createdAt: '2026-01-01T00:00:00.000Z',
  });
});
afterEach(() => {
  rmSync(directory, { recursive: true });
  vi.useRealTimers();
});

describe('a run directory', () => {
  it('knows where its job came from, once it has a journal', () => {
    expect(() => openRunDirectory(paths.directory)).toThrow('it has no journal.sqlite');
    writeFileSync(paths.journal, '');
    expect(openRunDirectory(paths.directory)).toMatchObject({
      origin: { runId: id, file: '/jobs/job.yaml' },
      jobText: 'name: test\n',
    });
  });

  it('without a journal is one to come back to only where a deposit may have been sent, and keeps where it stands', () => {
    expect(canResume(paths)).toBe(false);
    expect(readDeposit(paths)).toBeNull();
    const scope = { chainId: 8453, settlement: address(`0x${'1a'.repeat(20)}`), jobId: hash(`0x${'2b'.repeat(32)}`) };
    markDeposit(paths, scope);
    expect(canResume(paths)).toBe(true);
    expect(readDeposit(paths)).toEqual(scope);
    expect(openRunDirectory(paths.directory, { unbegun: true }).origin.runId).toBe(id);
    expect(() => openRunDirectory(paths.directory)).toThrow('it has no journal.sqlite');
    writeFileSync(paths.deposit, '{"chainId":');
    expect(() => readDeposit(paths)).toThrow('it does not name a job of the escrow');
  });

  it('has one writer; a lock that a dead process left behind counts for nothing', () => {
    const unlock = lockRun(paths);
    unlock();
    writeFileSync(paths.lock, String(process.ppid));
    expect(() => lockRun(paths)).toThrow(`is under way in process ${process.ppid}`);
    writeFileSync(paths.lock, '999999999');
    expect(() => lockRun(paths)()).not.toThrow();
  });

  it('is named by job, day and chance', () => {
    expect(newRunId('mnist', new Date('2026-03-04T05:06:07Z'), Uint8Array.of(1, 2, 254, 255))).toBe(
      'mnist-20260304-0102feff',
    );
  });
});

describe('secrets', () => {
  it('are made once and kept', async () => {
    const first = await loadSecrets(paths);
    const second = await loadSecrets(paths);
    expect(second.auditSecret).toBe(first.auditSecret);
    expect(second.privateKey.raw).toEqual(first.privateKey.raw);
    writeFileSync(join(paths.keys, 'audit.secret'), 'oops');
    await expect(loadSecrets(paths)).rejects.toThrow('it does not hold 32 bytes');
  });

  it('fix the job’s salt on chain: another secret is another job', async () => {
    const { auditSecret } = await loadSecrets(paths);
    expect(jobSalt(id, auditSecret)).toBe(jobSalt(id, auditSecret));
    expect(jobSalt(id, auditSecret)).not.toBe(jobSalt(runId('test-20260101-00000001'), auditSecret));
    expect(jobSalt(id, auditSecret)).not.toContain(auditSecret.slice(2, 20));
  });
});

describe('the endpoint', () => {
  it('is the same after a restart, so that workers can redial', () => {
    const wanted = ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws', '/ip4/10.0.0.1/tcp/4001'];
    expect(listenAddresses(paths, wanted)).toEqual(wanted);
    noteEndpoint(paths, ['/ip4/127.0.0.1/tcp/5001/p2p/16Uiu2X', '/ip4/127.0.0.1/tcp/5002/ws/p2p/16Uiu2X']);
    expect(listenAddresses(paths, wanted)).toEqual([
      '/ip4/127.0.0.1/tcp/5001',
      '/ip4/127.0.0.1/tcp/5002/ws',
      '/ip4/10.0.0.1/tcp/4001',
    ]);
  });
});

describe('timers', () => {
  it('fire once; one that was replaced or cancelled never does', () => {
    vi.useFakeTimers();
    const fired: TimerName[] = [];
    const timers = new Timers<TimerName>((name) => fired.push(name));
    timers.set('round', milliseconds(10));
    timers.set('round', milliseconds(30));
    timers.set('gather', milliseconds(10));
    timers.cancel('gather');
    timers.set('apply', milliseconds(20));
    vi.advanceTimersByTime(25);
    expect(fired).toEqual(['apply']);
    vi.advanceTimersByTime(100);
    expect(fired).toEqual(['apply', 'round']);
    timers.set('drain', milliseconds(10));
    timers.cancelAll();
    vi.advanceTimersByTime(100);
    expect(fired).toEqual(['apply', 'round']);
  });
});

describe('spawned workers', () => {
  it('share the cores', () => {
    expect(threadsOf({ spawn: 3 }, 16)).toBe(5);
    expect(threadsOf({ spawn: 3 }, 2)).toBe(1);
    expect(threadsOf({ spawn: 0 }, 2)).toBe(2);
    expect(threadsOf({ spawn: 3, threads: 7 }, 2)).toBe(7);
  });

  it('are quoted by their last words for people', () => {
    const log = join(directory, 'worker.log');
    writeFileSync(log, '{"event":"worker.started"}\nerror: No adapter. Install one.\n{"event":"worker.finished"}\n');
    expect(lastWords(log)).toBe('No adapter. Install one.');
  });
});
