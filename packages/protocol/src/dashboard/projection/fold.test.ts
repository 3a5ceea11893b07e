import { describe, expect, it } from 'vitest';
import type { MicroBatch } from '../../core/ids.ts';
import { presentMembers } from '../../machines/coordinator/select.ts';
import type { PhaseName } from '../../machines/coordinator/state.ts';
import { replayJournal } from '../../journal/replay.ts';
import { simulate, type SimulationOptions } from '../../sim/simulate.ts';
import { calm, rough, storm } from '../../sim/weather.ts';
import type { RunPhase } from '../api.ts';
import { foldJournal, KeptFold, termsOf } from './testing.ts';

const phases: Readonly<Record<PhaseName, RunPhase>> = {
  between: 'training',
  gathering: 'gathering',
  training: 'training',
  applying: 'training',
  auditing: 'training',
  evaluating: 'evaluating',
  closing: 'closing',
  over: 'over',
};

/** Runs of every kind: quiet ones, ones with deaths and restarts, liars, work taken over, no pay. */
const runs: readonly (readonly [string, SimulationOptions])[] = [
  ['a calm run', { seed: 1, weather: calm, rounds: 30 }],
  ['a run with deaths and restarts', { seed: 2, weather: rough, rounds: 40, workers: 6 }],
  ['a storm', { seed: 3, weather: storm, rounds: 25, workers: 5 }],
  ['another storm', { seed: 11, weather: storm, rounds: 25, workers: 4 }],
  ['a run with liars', { seed: 4, weather: calm, rounds: 30, workers: 6, liars: 2 }],
  ['a run with liars that flee', { seed: 5, weather: rough, rounds: 30, workers: 6, liars: 2, fleeing: true }],
  ['a run with a forger', { seed: 9, weather: calm, rounds: 30, workers: 5, liars: 1, lie: 'forgery' }],
  ['a run that recomputes', { seed: 6, weather: rough, rounds: 30, workers: 5, config: { onLoss: 'recompute' } }],
  ['a run without pay', { seed: 7, weather: rough, rounds: 20, config: { payment: null } }],
];

const played = runs.map(([name, options]) => [name, simulate(options)] as const);

describe.each(played)('%s', (_name, { journal, state }) => {
  const kept = foldJournal(journal);

  it('shows the phase, the rounds, the state and the members that the coordinator has, after every entry', () => {
    const first = journal[0]!;
    if (first.event.type !== 'started') throw new Error('no start');
    const live = new KeptFold(termsOf(first.event.config));
    replayJournal(journal, (entry, decision) => {
      live.add(entry);
      const { figures } = live.fold;
      const seen = { phase: figures.phase, round: figures.round, members: figures.members };
      const { phase, committed } = decision.state;
      expect({ at: entry.sequence, ...seen }).toEqual({
        at: entry.sequence,
        phase: phases[phase.name],
        round: committed,
        members: presentMembers(decision.state).length,
      });
    });
  });

  it('shows until when a member sits out, until it is given work again', () => {
    for (const { peerId, standing } of presentMembers(state)) {
      const { suspendedUntil } = kept.members.get(peerId)!;
      expect([null, standing.suspendedUntil]).toContain(suspendedUntil);
    }
  });

  it('counts each member’s work as the accounts do', () => {
    const { accounts } = state;
    const counted = Object.fromEntries(
      [...kept.members.values()]
        .filter(({ peerId }) => accounts[peerId] !== undefined)
        .map(({ peerId, trained, forfeited, paidWei, probation }) => [
          peerId,
          { trained, forfeited, paidWei, probation },
        ]),
    );
    const booked = Object.values(accounts).map(({ peerId, trained, forfeited, paidWei, probation }) => [
      peerId,
      { trained, forfeited, paidWei, probation },
    ]);
    expect(counted).toEqual(Object.fromEntries(booked));
  });

  it('says of every micro-batch that was handed out what became of it, and has each once in the rounds that stand', () => {
    const standing = new Map<number, MicroBatch[]>();
    let handedOut = 0;
    for (const write of kept.writes) {
      if (write.type === 'rolledBack')
        for (const round of standing.keys()) if (round >= write.to) standing.delete(round);
      if (write.type !== 'work') continue;
      handedOut += write.microBatches.length;
      if (write.requeued === null)
        standing.set(write.round, [...(standing.get(write.round) ?? []), ...write.microBatches]);
    }
    const trained = [...standing.values()].flat();
    expect(new Set(trained).size).toBe(trained.length);
    expect(trained.length + state.ledger.returned.length).toBe(state.ledger.next);
    expect(handedOut).toBeGreaterThanOrEqual(trained.length);
  });

  it('has one line for every attempt at a round, with spans that follow each other within it', () => {
    const lines = kept.of('round').map(({ line }) => line);
    expect(new Set(lines.map(({ assignment }) => assignment)).size).toBe(lines.length);
    expect(lines.filter(({ outcome }) => outcome === 'committed').length).toBe(
      journal.flatMap(({ facts }) => facts).filter(({ type }) => type === 'roundCommitted').length,
    );
    for (const { milliseconds, members } of lines) {
      for (const { spans } of members) {
        const times = spans.flatMap(({ fromMs, toMs }) => [fromMs, toMs]);
        expect(times).toEqual(times.toSorted((a, b) => a - b));
        expect(times.every((time) => time >= 0 && time <= (milliseconds ?? Infinity))).toBe(true);
      }
    }
  });

  it('comes to the same when it stops and goes on in between', () => {
    const again = foldJournal(journal, 7);
    expect(again.writes).toEqual(kept.writes);
    expect(again.members).toEqual(kept.members);
    expect(again.fold.figures).toEqual(kept.fold.figures);
  });

  it('spends what is due: all that was trained, less what was forfeited', () => {
    const due = Object.values(state.accounts).reduce((sum, { trained, forfeited }) => sum + trained - forfeited, 0);
    expect(kept.fold.figures.spentWei).toBe(String((state.config.payment === null ? 0 : 1000) * due));
  });
});

it('these runs have everything in them that the fold has a rule for', () => {
  const told = new Set(
    played.flatMap(([, { journal }]) => journal.flatMap(({ facts }) => facts)).map(({ type }) => type),
  );
  const rare = [
    'rolledBack',
    'roundAbandoned',
    'viewChanged',
    'runResumed',
    'payForfeited',
    'epochSettled',
    'memberGone',
    'memberSuspended',
  ];
  expect(rare.filter((type) => !told.has(type as never))).toEqual([]);
});

it('a forger is shown to sit out', () => {
  const [, { journal }] = played.find(([name]) => name === 'a run with a forger')!;
  const shown = [...foldJournal(journal).members.values()].filter(({ suspendedUntil }) => suspendedUntil !== null);
  expect(shown.map(({ suspendedUntil }) => suspendedUntil! > 30)).toEqual([true]);
});

it('keeps as much after many rounds as after few', () => {
  const sizeAfter = (rounds: number): number =>
    JSON.stringify(foldJournal(simulate({ seed: 8, weather: calm, rounds }).journal).fold.saved()).length;
  // 21 commits are kept for rates, 64 as places that a rollback may lead to.
  expect(sizeAfter(160)).toBeLessThan(1.1 * sizeAfter(80));
});
