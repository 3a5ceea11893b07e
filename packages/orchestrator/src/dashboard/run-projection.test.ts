import { mkdirSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PeerId } from '@murmuration/protocol';
import type { Page } from '@murmuration/protocol/dashboard';
import { calm, rough, simulate, storm } from '@murmuration/protocol/sim';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { JournalStore } from '../store/journal-store.ts';
import { summarize } from '../summary/fold.ts';
import { payAccount } from '../summary/pay-account.ts';
import { RunProjection } from './run-projection.ts';
import { Projections, readAll } from './testing/projections.ts';
import { appendEntries } from './testing/run-directory.ts';
import { simulatedJournal } from './testing/simulated-run.ts';

const projections = new Projections();

afterEach(() => {
  vi.unstubAllEnvs();
  projections.close();
});

/** Everything that it answers, but for what depends on who asks. */
function everything(projection: RunProjection) {
  const { live: _live, ...snapshot } = projection.snapshot();
  const peers = projection.members({ limit: 200 }).rows.map(({ peerId }) => peerId);
  return {
    snapshot,
    rounds: allOf((before) => projection.rounds({ before, limit: 7 })),
    log: allOf((before) => projection.log({ before, limit: 11 })),
    members: peers.map((peerId) => projection.member(peerId)),
    work: peers.map((peerId) => allOf((before) => projection.work(peerId, { before, limit: 5 }))),
    curve: projection.curve({ curve: 'trainLoss' }),
  };
}

/** All pages of a list, one after the other. @throws when there are more or fewer rows than the list says */
function allOf<R>(pageBefore: (before: number | undefined) => Page<R>): R[] {
  const rows: R[] = [];
  for (let before: number | undefined; ;) {
    const page = pageBefore(before);
    rows.push(...page.rows);
    if (page.next === null && rows.length === page.total) return rows;
    if (page.next === null) throw new Error(`${rows.length} rows on all pages of ${page.total}`);
    before = page.next;
  }
}

const stormy = simulate({ seed: 3, weather: storm, rounds: 25, workers: 5 });
const lying = simulate({ seed: 5, weather: rough, rounds: 30, workers: 6, liars: 2, fleeing: true });
const quiet = simulate({ seed: 1, weather: calm, rounds: 30 });

describe.each([
  ['a storm', stormy],
  ['a run with liars', lying],
  ['a calm run', quiet],
])('%s', (_name, { journal, state }) => {
  it('has the figures that the summary of the journal has', () => {
    const projection = projections.open(projections.directoryOf(journal));
    const summary = summarize('test', journal);
    const { figures, memberCount } = projection.snapshot();
    expect(figures).toMatchObject({
      round: summary.rounds.length,
      samples: summary.rounds.reduce((sum, { samples }) => sum + samples, 0),
      trainLoss: summary.rounds.at(-1)?.trainLoss,
      restarts: summary.restarts,
      outcome: { outcome: summary.outcome?.outcome, reason: summary.outcome?.reason },
      lastAt: summary.lastAt,
    });
    const { rows } = projection.members({ limit: 200 });
    expect(memberCount).toBe(rows.length);
    for (const { peerId, verified, forfeited, earnedWei, paidWei, auditsPassed, auditsFailed } of summary.workers)
      expect(rows.find((row) => row.peerId === peerId)).toMatchObject({
        verified,
        forfeited,
        earnedWei: earnedWei.toString(),
        paidWei: paidWei.toString(),
        trust: { passed: auditsPassed, failed: auditsFailed },
      });
  });

  it('says of each piece of work whether it pays, in sums that the accounts have', () => {
    const projection = projections.open(projections.directoryOf(journal));
    for (const { peerId, trained, verified, forfeited, unsettled } of Object.values(state.accounts)) {
      const work = allOf((before) => projection.work(peerId, { before, limit: 5 }));
      const sum = (pay: string): number =>
        work.filter((line) => line.pay === pay).reduce((total, { microBatches }) => total + microBatches.length, 0);
      const open = unsettled.reduce((total, { microBatches }) => total + microBatches, 0);
      expect({ pays: sum('pays'), forfeited: sum('forfeited'), waits: sum('waits') }).toEqual({
        pays: verified,
        forfeited,
        waits: open,
      });
      expect(trained).toBe(verified + forfeited + open);
      expect(work.every(({ reason }) => /^[A-Z…].*[.!?…]$/s.test(reason))).toBe(true);
    }
  });

  it('pays what `explain-pay` explains, and lists the epochs that it names', () => {
    const directory = projections.directoryOf(journal);
    const projection = projections.open(directory);
    const store = JournalStore.read(join(directory, 'journal.sqlite'));
    for (const { peerId } of Object.values(state.accounts)) {
      const { account } = payAccount('test', store, peerId);
      const detail = projection.member(peerId)!;
      expect(detail.earnedWei).toBe(account?.worker.earnedWei.toString());
      expect(detail.pay.slice(0, account?.story.length)).toEqual(account?.story);
      expect(detail.epochs.map(({ cumulativeWei }) => cumulativeWei)[0] ?? '0').toBe(detail.earnedWei);
      const failed = account?.lines.filter(({ text }) => /^audit .* failed/.test(text)).length;
      expect(detail.audits.filter(({ outcome }) => outcome === 'failed').length).toBe(failed);
    }
    store.close();
  });

  it('answers the same when it was built in slices, by several readers in turn, or at once', () => {
    const whole = everything(projections.open(projections.directoryOf(journal)));
    const directory = projections.directoryOf(journal);
    const [one, other] = [projections.open(directory, { read: false }), projections.open(directory, { read: false })];
    for (let more = true; more;) {
      const slice = one.advance(0);
      more = other.advance(0) || slice;
    }
    readAll(one);
    readAll(other);
    expect(everything(one)).toEqual(whole);
    expect(everything(other)).toEqual(whole);
    expect(everything(projections.open(directory, { read: false }))).toEqual(whole);
  });
});

describe('while a run goes on', () => {
  it('reads what was added, and tells what changed since', () => {
    const { journal } = quiet;
    const half = journal.findIndex(({ facts }) =>
      facts.some((fact) => fact.type === 'roundCommitted' && fact.round === 20),
    );
    const directory = projections.directoryOf(journal.slice(0, half));
    const projection = projections.open(directory);
    const before = projection.snapshot();
    appendEntries(join(directory, 'journal.sqlite'), journal.slice(half, half + 1));
    expect(projection.snapshot().read).toBeLessThan(1);
    readAll(projection);
    const change = projection.changesSince(before.sequence)!;
    expect(change).toMatchObject({ figures: { round: 21 }, sequence: half, read: 1, cut: [] });
    expect(change.rounds.map(({ round, outcome }) => `${round} ${outcome}`)).toEqual(['21 under way', '20 committed']);
    expect(change.points.map(({ curve, round }) => `${curve} ${round}`)).toContain('trainLoss 21');
    expect(change.members.length).toBeGreaterThan(0);
    expect(projection.changesSince(change.sequence)).toMatchObject({ members: [], log: [], points: [] });
  });

  it('says what it leaves out of a change, and that it can’t say what changed since a place that it never had', () => {
    const projection = projections.open(projections.directoryOf(stormy.journal));
    const change = projection.changesSince(-1)!;
    expect(change.cut).toEqual(expect.arrayContaining(['rounds', 'log']));
    expect(change.log.length).toBe(100);
    expect(projection.changesSince(stormy.journal.length)).toBeNull();
  });

  it('shows work that is under way', () => {
    const { journal } = quiet;
    const at = journal.findIndex(({ facts }) =>
      facts.some((fact) => fact.type === 'roundAssigned' && fact.round === 3),
    );
    const projection = projections.open(projections.directoryOf(journal.slice(0, at + 1)));
    const [line] = projection.rounds({}).rows;
    expect(line).toMatchObject({ round: 3, outcome: 'under way', milliseconds: null });
    const { peerId } = line!.members[0]!;
    expect(projection.work(peerId, {}).rows[0]).toMatchObject({ round: 3, outcome: 'pending', pay: 'not due' });
  });
});

describe('a long journal', () => {
  const run = { seed: 9, members: 60, rounds: 1500, contributors: 5, talkative: 10 };

  it('shows how far the run is before all of it is read, and the same in the end as if it had waited', () => {
    const directory = projections.directoryOf(simulatedJournal(run));
    const projection = projections.open(directory, { read: false });
    projection.advance(0);
    const early = projection.snapshot();
    expect(early.read).toBeLessThan(0.1);
    const late = projections.open(directory).snapshot();
    const { phase, round, trainLoss, stateHash, samplesPerSecond, lastAt } = late.figures;
    expect(early.figures).toMatchObject({ phase, round, trainLoss, stateHash, samplesPerSecond, lastAt });
    expect(early.rounds.map((line) => line.round)).toEqual(late.rounds.map((line) => line.round));
    readAll(projection);
    expect(projection.snapshot()).toEqual(late);
  });

  it('is answered in pages that together have every row once', () => {
    const projection = projections.open(projections.directoryOf(simulatedJournal(run)));
    const rounds = allOf((before) => projection.rounds({ before, limit: 100 }));
    expect(rounds.map(({ round }) => round)).toEqual(Array.from({ length: 1500 }, (_, i) => 1499 - i));
    const work = projection
      .members({ limit: 200 })
      .rows.flatMap(({ peerId }) => allOf((before) => projection.work(peerId, { before, limit: 100 })));
    const microBatches = work.flatMap((line) => line.microBatches).toSorted((a, b) => a - b);
    expect(microBatches).toEqual(Array.from({ length: 7500 }, (_, i) => i));
  });

  it('has curves that lie between the same values at every level', () => {
    const projection = projections.open(projections.directoryOf(simulatedJournal(run)));
    const { y } = projection.curve({ curve: 'trainLoss', points: 4000 });
    expect(y.length).toBe(1500);
    for (const points of [1000, 200, 30, 4, 1]) {
      const curve = projection.curve({ curve: 'trainLoss', points });
      expect(curve.x.length).toBeLessThanOrEqual(points);
      expect(curve.x).toEqual(curve.x.toSorted((a, b) => a - b));
      expect(Math.min(...curve.low)).toBe(Math.min(...y));
      expect(Math.max(...curve.high)).toBe(Math.max(...y));
    }
  });
});

describe('where the index can’t be beside the journal', () => {
  it('a temporary folder has it, and goes with the reader', () => {
    const directory = projections.directoryOf(quiet.journal);
    mkdirSync(join(directory, 'dashboard.sqlite'));
    vi.stubEnv('TMPDIR', join(directory, 'workers'));
    const folders = (): string[] => readdirSync(tmpdir());
    const projection = RunProjection.open(directory);
    readAll(projection);
    expect(projection.snapshot().figures.round).toBe(30);
    expect(folders().length).toBe(1);
    projection.close();
    expect(folders()).toEqual([]);
  });
});

describe('curves', () => {
  it('keep the least and the greatest value of every stretch, however few points are asked for', () => {
    const projection = projections.open(projections.directoryOf(quiet.journal));
    const all = projection.curve({ curve: 'trainLoss', points: 4000 });
    expect(all.x).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
    const few = projection.curve({ curve: 'trainLoss', points: 3 });
    expect(few.x.length).toBeLessThanOrEqual(3);
    expect(Math.min(...few.low)).toBe(Math.min(...all.y));
    expect(Math.max(...few.high)).toBe(Math.max(...all.y));
    const part = projection.curve({ curve: 'trainLoss', x: 'round', from: 10, to: 12 });
    expect(part).toMatchObject({ x: [10, 11, 12], y: all.y.slice(9, 12) });
    const { at } = quiet.journal.at(-1)!.event;
    expect(projection.curve({ curve: 'evalLoss', x: 'time', to: at }).x.length).toBe(2);
    expect(projection.curve({ curve: 'evalLoss', from: 1000 })).toMatchObject({ x: [], y: [] });
  });

  it('forget what was rolled back', () => {
    const { x } = projections.open(projections.directoryOf(stormy.journal)).curve({ curve: 'trainLoss' });
    expect(x).toEqual(Array.from({ length: 25 }, (_, i) => i + 1));
  });
});

describe('lists', () => {
  const projection = (): RunProjection => projections.open(projections.directoryOf(lying.journal));

  it('of members are found and sorted', () => {
    const asked = projection();
    const { rows } = asked.members({ sort: 'verified', descending: true });
    expect(rows.map(({ verified }) => verified)).toEqual(
      rows.map(({ verified }) => verified).toSorted((a, b) => b - a),
    );
    const [first] = rows;
    expect(asked.members({ find: first!.peerId.slice(-3).toUpperCase() }).rows.map(({ peerId }) => peerId)).toContain(
      first!.peerId,
    );
    expect(asked.members({ find: "'; DROP TABLE members; --" })).toMatchObject({ rows: [], total: 0, next: null });
  });

  it('of the log are told by kind, by member, and by trouble', () => {
    const asked = projection();
    const all = allOf((before) => asked.log({ before }));
    const peer = all.find(({ peerId }) => peerId !== null)!.peerId!;
    expect(allOf((before) => asked.log({ before, kind: 'audit', limit: 3 }))).toEqual(
      all.filter(({ kind }) => kind === 'audit'),
    );
    expect(allOf((before) => asked.log({ before, peer, limit: 3 }))).toEqual(
      all.filter(({ peerId }) => peerId === peer),
    );
    expect(allOf((before) => asked.log({ before, problems: true, limit: 3 }))).toEqual(
      all.filter(({ severity }) => severity === 'warning' || severity === 'bad'),
    );
  });

  it('of a stranger are empty', () => {
    const asked = projection();
    const stranger = '16Uiu2HAmNobody' as PeerId;
    expect(asked.member(stranger)).toBeNull();
    expect(asked.work(stranger, {})).toEqual({ rows: [], total: 0, next: null });
    expect(asked.log({ peer: stranger }).rows).toEqual([]);
  });
});
