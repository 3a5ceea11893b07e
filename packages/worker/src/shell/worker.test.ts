/** Whole workers around a real coordinator machine, on loopback: training, losses, latecomers, cheaters. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keyFromRaw } from '@murmuration/protocol/net';
import { nodeHost } from '../node/host.ts';
import { crashPhases, misbehaviours, noFaults, type Faults } from './faults.ts';
import { ScriptedCoordinator, type ScriptedOptions } from '../testing/scripted-coordinator.ts';
import { tinyJob } from '../testing/tiny-job.ts';
import type { WorkerReport } from './report.ts';
import { Worker, type WorkerEnd } from './worker.ts';

const bin = fileURLToPath(new URL('../../bin/worker.mjs', import.meta.url));
const ROUNDS = 20;
const MICRO_BATCHES = 6;

interface Running {
  readonly worker: Worker;
  readonly end: Promise<WorkerEnd>;
  readonly reports: WorkerReport[];
}

let folder = '';
let coordinator: ScriptedCoordinator;
const running: Running[] = [];
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'murmuration-worker-'));
});

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const { worker } of running) worker.interrupt('the test is over');
  await Promise.allSettled(running.splice(0).map(({ end }) => end));
  await coordinator.close();
  rmSync(folder, { recursive: true });
});

const begin = async (options: Partial<ScriptedOptions> = {}): Promise<void> => {
  coordinator = await ScriptedCoordinator.start({ job: tinyJob(folder, { rounds: ROUNDS }), members: 3, ...options });
};

/** A worker in this process. */
async function work(index: number, faults: Faults = noFaults): Promise<Running> {
  const reports: WorkerReport[] = [];
  const worker = await Worker.create({
    key: keyFromRaw(new Uint8Array(32).fill(index)),
    coordinator: coordinator.self,
    payout: null,
    token: null,
    host: nodeHost({
      listen: ['/ip4/127.0.0.1/tcp/0'],
      announce: [],
      backend: 'onnx',
      threads: 1,
      data: { directory: folder, confined: true },
    }),
    faults,
    report: (report) => reports.push(report),
  });
  const end = worker.run();
  end.catch(() => undefined);
  const started = { worker, end, reports };
  running.push(started);
  return started;
}

/** A worker in a process of its own, which can be killed. */
function spawnWorker(environment: Readonly<Record<string, string>>): ChildProcess {
  const address = coordinator.self.addresses[0]!;
  const flags = [
    '--key',
    join(folder, 'child.key'),
    '--backend',
    'onnx',
    '--threads',
    '1',
    '--listen',
    '/ip4/127.0.0.1/tcp/0',
    '--data-directory',
    folder,
    '--json',
    '--exit-with-parent',
  ];
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', bin, 'join', address, ...flags], {
    stdio: ['pipe', 'ignore', 'inherit'],
    env: { ...process.env, ...environment },
  });
  children.push(child);
  return child;
}

/** Every micro-batch of the run in exactly one committed round, and no replica ever differed. */
function expectWholeRun(length: number = ROUNDS): void {
  const rounds = coordinator.factsOf('roundCommitted');
  expect(rounds.map(({ round }) => round)).toEqual(Array.from({ length }, (_, round) => round));
  const trained = rounds
    .flatMap(({ shares }) => shares.flatMap(({ microBatches }) => microBatches))
    .toSorted((a, b) => a - b);
  expect(trained).toEqual(Array.from({ length: trained.length }, (_, number) => number));
  expect(coordinator.factsOf('memberFlagged')).toEqual([]);
}

describe('three workers', () => {
  it('train a model to the end, in step', async () => {
    await begin({ evaluateEvery: 10 });
    const ends = await Promise.all([await work(1), await work(2), await work(3)].map(({ end }) => end));
    expect(await coordinator.finished).toMatchObject({ outcome: 'finished' });
    expect(ends).toMatchObject([{ outcome: 'finished' }, { outcome: 'finished' }, { outcome: 'finished' }]);
    expectWholeRun();
    expect(
      coordinator.factsOf('roundCommitted').flatMap(({ shares }) => shares.flatMap(({ microBatches }) => microBatches)),
    ).toHaveLength(ROUNDS * MICRO_BATCHES);
    const evaluated = coordinator.factsOf('evaluated');
    expect(evaluated.at(-1)?.loss).toBeLessThan(evaluated[0]?.loss ?? 0);
    expect(evaluated.at(-1)?.accuracy).toBeGreaterThan(0.9);
    const applied = running.map(({ reports }) =>
      reports
        .filter(({ event }) => event === 'worker.applied')
        .map((report) => 'stateHash' in report && report.stateHash),
    );
    expect(applied[0]).toHaveLength(ROUNDS);
    expect(applied[1]).toEqual(applied[0]);
    expect(applied[2]).toEqual(applied[0]);
  });

  it('end in the same state when they do it again', async () => {
    const hashes: unknown[] = [];
    for (let time = 0; time < 2; time++) {
      await begin();
      await Promise.all([await work(1), await work(2), await work(3)].map(({ end }) => end));
      hashes.push(coordinator.factsOf('roundCommitted').at(-1)?.stateHash);
      running.length = 0;
      if (time === 0) await coordinator.close();
    }
    expect(hashes[0]).toMatch(/^0x/);
    expect(hashes[1]).toBe(hashes[0]);
  });
});

describe('a worker that is killed', () => {
  it.each(crashPhases)('while %s costs no micro-batch', async (phase) => {
    await begin();
    await work(1);
    await work(2);
    const child = spawnWorker({ MURMURATION_CRASH_AT: `${phase}:5` });
    const [[, signal], end] = await Promise.all([once(child, 'exit'), coordinator.finished]);
    expect(signal).toBe('SIGKILL');
    expect(end).toMatchObject({ outcome: 'finished' });
    expectWholeRun();
    expect(coordinator.factsOf('memberGone').filter(({ how }) => how === 'lost')).toHaveLength(1);
  });
});

describe('a worker that comes late', () => {
  it('fetches the state, catches up and contributes', async () => {
    const rounds = 200;
    await begin({ members: 2, job: tinyJob(folder, { rounds }) });
    await work(1);
    await work(2);
    await coordinator.seen((fact) => fact.type === 'roundCommitted' && fact.round === 2);
    const late = await work(3);
    expect(await coordinator.finished).toMatchObject({ outcome: 'finished' });
    await late.end;
    expectWholeRun(rounds);
    expect(late.reports.some(({ event }) => event === 'worker.synced')).toBe(true);
    expect(late.reports.some(({ event }) => event === 'worker.contributed')).toBe(true);
  });
});

describe('a coordinator that is lost', () => {
  it('is dialled again, and the run goes on', async () => {
    await begin();
    await Promise.all([work(1), work(2), work(3)]);
    await coordinator.seen((fact) => fact.type === 'roundCommitted' && fact.round === 4);
    await coordinator.dropConnections();
    expect(await coordinator.finished).toMatchObject({ outcome: 'finished' });
    expectWholeRun();
  });
});

/** What stays below every tolerance is for audits by equality, which the end-to-end tests run; what is forged is not even reduced. */
const coarse = misbehaviours.filter((misbehaviour) => misbehaviour !== 'nudge' && misbehaviour !== 'forge');

describe('a worker that cheats', () => {
  it.each(coarse)('with %s is found out by the audits', async (misbehave) => {
    await begin({ auditRate: 1 });
    await work(1);
    await work(2);
    const cheat = await work(3, { ...noFaults, misbehave });
    expect(await coordinator.finished).toMatchObject({ outcome: 'finished' });
    expect(await cheat.end).toMatchObject({ outcome: 'expelled' });
    const peer = cheat.reports.find(({ event }) => event === 'worker.started');
    const failed = coordinator.factsOf('auditClosed').filter(({ outcome }) => outcome === 'failed');
    expect(failed.length).toBeGreaterThan(0);
    for (const { target } of failed) expect(target).toBe(peer !== undefined && 'peerId' in peer && peer.peerId);
    // Once it is expelled it answers no auditor: audits that were still open then end as withheld, without a number.
    const errors = failed.flatMap(({ verdicts }) =>
      verdicts.filter(({ outcome }) => outcome === 'fail').map(({ relativeError }) => relativeError),
    );
    expect(errors.length).toBeGreaterThanOrEqual(2);
    for (const error of errors) expect(error).toBeGreaterThan(2e-4);
  });

  it('with forge is lost by what the owners refuse, each time, and no deadline is waited for', async () => {
    await begin();
    await work(1);
    await work(2);
    const cheat = await work(3, { ...noFaults, misbehave: 'forge' });
    expect(await coordinator.finished).toMatchObject({ outcome: 'finished' });
    await cheat.end;
    const gone = coordinator.factsOf('memberGone');
    expect(gone.length).toBeGreaterThan(0);
    expect(new Set(gone.map(({ code }) => code))).toEqual(new Set(['DATA_REFUSED']));
    expect(new Set(gone.map(({ peerId }) => peerId)).size).toBe(1);
  });
});
