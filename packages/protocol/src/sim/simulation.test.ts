/**
 * Whole runs in virtual time. A failing seed is named in the test's title and in the message; to run only that one:
 * `MURMURATION_SIM_SEED=17 vitest run packages/protocol/src/sim`. `MURMURATION_SIM_RUNS` multiplies the seeds.
 */
import { describe, expect, it } from 'vitest';
import type { RunFactOf, RunFactType } from '../journal/facts.ts';
import type { MemberEffectType } from '../machines/member/effects.ts';
import { simulate, type SimulationOptions, type SimulationResult } from './simulate.ts';
import { calm, rough, storm } from './weather.ts';

const only = process.env['MURMURATION_SIM_SEED'];
const factor = Number(process.env['MURMURATION_SIM_RUNS'] ?? 1);
const seeds = (first: number, count: number): number[] =>
  only === undefined ? Array.from({ length: count * factor }, (_, i) => first + i) : [Number(only)];

/** Runs a seed; what fails carries it. */
function run(options: SimulationOptions): SimulationResult {
  try {
    return simulate(options);
  } catch (cause) {
    throw new Error(`MURMURATION_SIM_SEED=${options.seed}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}

const factsOf = <T extends RunFactType>({ journal }: SimulationResult, type: T): RunFactOf<T>[] =>
  journal.flatMap(({ facts }) => facts.filter((fact): fact is RunFactOf<T> & typeof fact => fact.type === type));
const finalHash = (result: SimulationResult) => factsOf(result, 'runFinished')[0]?.stateHash;

describe('a run in calm weather', () => {
  it.each(seeds(1, 2))('loses nobody and commits every round at its first view (seed %i)', (seed) => {
    const result = run({ seed, weather: calm, rounds: 300 });
    expect(result.outcome).toBe('finished');
    expect(result.committedRounds).toBe(300);
    expect(factsOf(result, 'memberGone')).toEqual([]);
    expect(factsOf(result, 'viewChanged')).toEqual([]);
    expect(factsOf(result, 'evaluated').filter(({ final }) => final)).toHaveLength(1);
  });

  it('comes to the same state with one worker, three and seven, and whatever the network does', () => {
    const hashes = [
      [1, 5],
      [3, 6],
      [7, 7],
      [3, 8],
    ].map(([workers, seed]) =>
      finalHash(run({ seed: seed!, weather: calm, rounds: 30, workers: workers!, config: { startMembers: workers! } })),
    );
    expect(new Set(hashes).size).toBe(1);
  });

  it('is the same journal, to the last hash, for the same seed', () => {
    const [one, two] = [3, 3].map((seed) => run({ seed, weather: rough, rounds: 20 }).journal.at(-1)?.hash);
    expect(one).toBe(two);
  });

  it('says nothing on the wire that the schemas do not know', () => {
    expect(run({ seed: 4, weather: rough, rounds: 15, wire: true }).outcome).toBe('finished');
  });

  it('shares work by speed when asked to, and in turns when not', () => {
    const shares = (assignment: 'fixed' | 'adaptive') =>
      factsOf(run({ seed: 9, weather: calm, rounds: 12, workers: 3, config: { assignment } }), 'roundCommitted').map(
        (fact) => fact.shares.map(({ microBatches }) => microBatches.length),
      );
    expect(shares('fixed').every((counts) => counts.join() === '4,4,4')).toBe(true);
    expect(shares('adaptive').some((counts) => counts.join() !== '4,4,4')).toBe(true);
  });

  it('pays each worker for every micro-batch that it trained', () => {
    const { state } = run({ seed: 2, weather: calm, rounds: 40 });
    const accounts = Object.values(state.accounts);
    expect(accounts.reduce((sum, { verified }) => sum + verified, 0)).toBe(40 * 12);
    expect(accounts.every(({ paidWei, verified }) => paidWei === String(verified * 1000))).toBe(true);
  });

  it('ends early when the budget bears no further round', () => {
    const result = run({
      seed: 2,
      weather: calm,
      rounds: 40,
      config: { payment: { ...budget, budgetWei: String(1000 * 12 * 7 + 999) } },
    });
    expect(result.committedRounds).toBe(7);
    expect(result.state.phase).toMatchObject({ name: 'over', outcome: 'finished', code: 'BUDGET_SPENT' });
  });
});

const budget = simulateBudget();
function simulateBudget() {
  const payment = simulate({ seed: 1, weather: calm, rounds: 1 }).state.config.payment;
  if (payment === null) throw new Error('the simulated run pays');
  return payment;
}

describe('a run in rough weather', () => {
  it.each(seeds(100, 12))(
    'commits every round although workers die, are cut off, come, and the coordinator restarts (seed %i)',
    (seed) => {
      const result = run({ seed, weather: rough, rounds: 40 });
      expect(result.outcome).toBe('finished');
      expect(result.state.committed).toBe(40);
    },
  );

  it.each(seeds(500, 4))('goes on after storms that take everybody (seed %i)', (seed) => {
    const result = run({ seed, weather: storm, rounds: 20 });
    expect(result.outcome).toBe('finished');
    expect(result.state.committed).toBe(20);
  });
});

describe('a liar', () => {
  const always = { audit: { rate: 1, floor: 1, window: 4, accept: 5e-5, escalate: 2e-4 } };

  it.each(seeds(40, 3))('is expelled and not paid when every contribution is audited (seed %i)', (seed) => {
    const result = run({ seed, weather: calm, rounds: 20, liars: 1, config: always });
    const [expelled] = factsOf(result, 'memberGone');
    expect(expelled).toMatchObject({ how: 'expelled', code: 'AUDIT_FAILED' });
    expect(result.state.accounts[expelled!.peerId]).toMatchObject({ verified: 0, paidWei: '0' });
    expect(factsOf(result, 'auditClosed').find(({ outcome }) => outcome === 'failed')?.verdicts.length).toBe(3);
  });

  it.each(seeds(60, 4))(
    'is found sooner or later at the usual rate, and the honest are never accused (seed %i)',
    (seed) => {
      const result = run({ seed, weather: calm, rounds: 60, liars: 1 });
      expect(factsOf(result, 'memberGone').map(({ code }) => code)).toEqual(['AUDIT_FAILED']);
    },
  );

  it.each(seeds(80, 3))('that flees from every auditor and comes back gains nothing from then on (seed %i)', (seed) => {
    const result = run({ seed, weather: { ...calm, returns: 1 }, rounds: 60, liars: 1, fleeing: true });
    const facts = result.journal.flatMap((entry) => entry.facts);
    const fled = facts.findIndex((fact) => fact.type === 'auditClosed' && fact.outcome === 'unverifiable');
    const [liar] = factsOf(result, 'auditClosed').flatMap(({ outcome, target }) =>
      outcome === 'unverifiable' ? [target] : [],
    );
    const paid = (from: number, to: number) =>
      facts
        .slice(from, to)
        .flatMap((fact) => (fact.type === 'epochClosed' ? fact.workers : []))
        .filter(({ peerId }) => peerId === liar)
        .map(({ verified }) => verified);
    expect(fled).toBeGreaterThan(0);
    expect(Math.max(0, ...paid(fled, facts.length))).toBe(Math.max(0, ...paid(0, fled)));
  });

  it('among three is convicted by the two others', () => {
    const result = run({ seed: 77, weather: calm, rounds: 10, workers: 3, liars: 1, config: always });
    expect(factsOf(result, 'auditClosed').find(({ outcome }) => outcome === 'failed')?.reason).toMatch(
      /by 2 of 2 auditors/,
    );
  });

  it('never costs an honest worker anything in 200 audited rounds', () => {
    const result = run({ seed: 5, weather: calm, rounds: 200, config: always });
    expect(factsOf(result, 'auditClosed').every(({ outcome }) => outcome === 'passed')).toBe(true);
    expect(factsOf(result, 'payForfeited')).toEqual([]);
  });
});

describe('a lie about who committed to what', () => {
  const gone = (result: SimulationResult) => factsOf(result, 'memberGone');
  /** Only the liar goes, and all others are paid for all that they trained. */
  function expectHonestUnharmed(result: SimulationResult): void {
    expect(result.outcome).toBe('finished');
    const liars = new Set(gone(result).map(({ peerId }) => peerId));
    expect(liars.size).toBe(1);
    const honest = Object.values(result.state.accounts).filter(({ peerId }) => !liars.has(peerId));
    for (const { trained, verified, forfeited } of honest)
      expect({ verified, forfeited }).toEqual({ verified: trained, forfeited: 0 });
  }

  it.each(seeds(300, 4))('told to an owner expels its maker in its first round (seed %i)', (seed) => {
    const result = run({ seed, weather: calm, rounds: 20, liars: 1, lie: 'equivocation' });
    expect(gone(result)).toMatchObject([{ how: 'expelled', code: 'EQUIVOCATION' }]);
    expect(result.state.accounts[gone(result)[0]!.peerId]?.trained ?? 0).toBe(0);
    expectHonestUnharmed(result);
  });

  it.each(seeds(320, 4))('told by an owner costs the owner its place, each time that it tells it (seed %i)', (seed) => {
    const result = run({ seed, weather: calm, rounds: 20, liars: 1, lie: 'slander' });
    expect(new Set(gone(result).map(({ code, how }) => `${how} ${code}`))).toEqual(new Set(['lost FAULT_FORGED']));
    expectHonestUnharmed(result);
  });

  it.each(['equivocation', 'slander'] as const)('told by two of five (%s) harms nobody else', (lie) => {
    const options = { weather: calm, rounds: 20, workers: 5, liars: 2, lie, config: { startMembers: 5 } };
    const result = run({ seed: 340, ...options });
    expect(new Set(gone(result).map(({ peerId }) => peerId)).size).toBe(2);
    expect(factsOf(result, 'payForfeited')).toEqual([]);
  });

  it.each(seeds(350, 3))('in rough weather neither stops the run nor expels the honest (seed %i)', (seed) => {
    for (const lie of ['equivocation', 'slander'] as const)
      expect(run({ seed, weather: rough, rounds: 20, liars: 1, lie }).outcome).toBe('finished');
  });
});

describe('a member that makes the others wait', () => {
  const rounds = 120;
  const options = { weather: calm, rounds, workers: 5, config: { startMembers: 5 } };
  const losses = (result: SimulationResult) => factsOf(result, 'memberGone').map(({ peerId }) => peerId);
  /** Committed rounds in which at least so many trained. */
  const roundsOf = (result: SimulationResult, atLeast: number) =>
    factsOf(result, 'roundCommitted').filter(({ shares }) => shares.length >= atLeast).length;

  it.each([
    ...seeds(400, 3).map((seed) => ['forgery', seed] as const),
    ...seeds(410, 3).map((seed) => ['dawdling', seed] as const),
  ])('by %s does so ever more rarely, and alone is lost for it (seed %i)', (lie, seed) => {
    const result = run({ ...options, seed, liars: 1, lie });
    expect(result.outcome).toBe('finished');
    expect(new Set(losses(result)).size).toBe(1);
    // 1, 2, 4, … rounds apart: the eighth time would come after 127 rounds.
    expect(losses(result).length).toBeLessThanOrEqual(8);
    expect(roundsOf(result, 4)).toBe(rounds);
  });

  it.each(seeds(420, 3))('by forgery costs the others no deadline (seed %i)', (seed) => {
    const [forged, honest] = [
      run({ ...options, seed, liars: 1, lie: 'forgery' }),
      run({ ...options, seed, workers: 4, config: { startMembers: 4 } }),
    ];
    expect(forged.virtualMs).toBeLessThan(honest.virtualMs * 1.1);
  });

  it.each([
    ...seeds(480, 2).map((seed) => ['fixed', seed] as const),
    ...seeds(460, 2).map((seed) => ['adaptive', seed] as const),
  ])('by hanging costs the others a few deadlines of the usual length (%s, seed %i)', (assignment, seed) => {
    const [hung, honest] = [
      run({ ...options, seed, liars: 1, lie: 'hanging', config: { startMembers: 5, assignment } }),
      run({ ...options, seed, workers: 4, config: { startMembers: 4, assignment } }),
    ];
    expect(new Set(losses(hung)).size).toBe(1);
    expect(losses(hung).length).toBeLessThanOrEqual(8);
    const { failureTimeout } = hung.state.config;
    expect(hung.virtualMs - honest.virtualMs).toBeLessThan(losses(hung).length * 4 * failureTimeout);
  });

  it.each(seeds(470, 4))(
    'because it is a hundred times slower than others, and honest, is not lost (seed %i)',
    (seed) => {
      const weather = { ...calm, slow: 0.4 };
      // Work for auditors would wait on the slow device before a round's reductions.
      const audit = { rate: 0, floor: 0, window: 4, accept: 5e-5, escalate: 2e-4 };
      const terms = { startMembers: 5, assignment: 'fixed', audit } as const;
      const result = run({ ...options, seed, weather, rounds: 40, config: terms });
      expect(result.log.some((line) => line.includes('crawls'))).toBe(true);
      expect(losses(result)).toEqual([]);
    },
  );

  it.each(seeds(430, 3))('by accusing others keeps nobody out for long, and sits out itself (seed %i)', (seed) => {
    const result = run({ ...options, seed, liars: 1, lie: 'accusation' });
    expect(result.outcome).toBe('finished');
    expect(losses(result).length).toBeLessThanOrEqual(10);
    expect(roundsOf(result, 4)).toBeGreaterThan(rounds * 0.85);
  });

  it.each(seeds(450, 3))(
    'by telling of other buckets than it gives out costs few views, and is lost (seed %i)',
    (seed) => {
      const result = run({ ...options, seed, liars: 1, lie: 'misreport' });
      expect(result.outcome).toBe('finished');
      expect(new Set(losses(result)).size).toBe(1);
      expect(losses(result).length).toBeGreaterThan(1);
      expect(factsOf(result, 'viewChanged').length).toBeLessThan(rounds);
    },
  );

  it.each(seeds(440, 3))('in rough weather does not stop the run (seed %i)', (seed) => {
    for (const lie of ['forgery', 'accusation', 'dawdling', 'misreport', 'hanging'] as const)
      expect(run({ seed, weather: rough, rounds: 20, workers: 5, liars: 2, lie }).outcome).toBe('finished');
  });
});

describe('workers that cannot be dialled', () => {
  /** Nobody that cannot be dialled reduces or gives out a bucket. */
  const watched = (options: SimulationOptions): { result: SimulationResult; clients: ReadonlySet<string> } => {
    let clients: ReadonlySet<string> = new Set();
    const result = run({
      ...options,
      afterEffect: (world, worker, effect) => {
        clients = world.clients;
        if (['reduce', 'pushReduced'].includes(effect.type) && clients.has(worker.peerId))
          throw new Error(`${worker.peerId} cannot be dialled and owns a bucket`);
      },
    });
    return { result, clients };
  };
  const allButFirst = (index: number): boolean => index > 0;
  const everySecond = (index: number): boolean => index % 2 === 1;

  it('contribute, receive, are audited and are paid beside a single one that can', () => {
    const { result, clients } = watched({ seed: 21, weather: calm, rounds: 40, workers: 5, isClient: allButFirst });
    expect(result.committedRounds).toBe(40);
    expect(clients.size).toBe(4);
    for (const client of clients) {
      expect(result.state.accounts[client as never]?.verified).toBeGreaterThan(0);
      const audits = factsOf(result, 'auditClosed').filter(({ target }) => target === client);
      expect(audits.map(({ outcome }) => outcome)).toContain('passed');
    }
    expect(factsOf(result, 'memberGone')).toEqual([]);
    expect(factsOf(result, 'memberJoined').filter(({ dialable }) => dialable)).toHaveLength(1);
  });

  it('come to the same state as those that can', () => {
    const hashes = [() => false, everySecond, allButFirst].map((isClient) =>
      finalHash(run({ seed: 22, weather: calm, rounds: 20, isClient })),
    );
    expect(new Set(hashes).size).toBe(1);
  });

  it.each(seeds(700, 6))('come, go, are cut off and return while the run goes on (seed %i)', (seed) => {
    const { result, clients } = watched({ seed, weather: rough, rounds: 30, isClient: everySecond });
    expect(result.outcome).toBe('finished');
    expect(result.state.committed).toBe(30);
    const late = factsOf(result, 'memberJoined').filter(({ peerId }) => clients.has(peerId));
    expect(late.length).toBeGreaterThan(0);
  });

  it.each(seeds(720, 3))('lie no better than others (seed %i)', (seed) => {
    const audit = { rate: 1, floor: 1, window: 4, accept: 5e-5, escalate: 2e-4 };
    const { result } = watched({
      seed,
      weather: calm,
      rounds: 20,
      liars: 1,
      isClient: (index) => index === 0,
      config: { audit },
    });
    expect(factsOf(result, 'memberGone')).toMatchObject([{ how: 'expelled', code: 'AUDIT_FAILED' }]);
  });

  it('wait for the one that can, when it is lost', () => {
    let struck = false;
    const result = run({
      seed: 23,
      weather: calm,
      rounds: 20,
      // The one that comes, in place of the lost one, can be dialled too.
      isClient: (index) => index > 0 && index < 4,
      afterEffect: (world, worker, effect) => {
        if (struck || effect.type !== 'reduce' || world.coordinator.state.committed < 5) return;
        struck = true;
        world.kill(worker, 'the only owner');
      },
    });
    expect(struck).toBe(true);
    expect(result.outcome).toBe('finished');
    expect(result.state.committed).toBe(20);
  });
});

describe('a worker killed at an exact point', () => {
  const points: readonly MemberEffectType[] = [
    'prepare',
    'initialise',
    'compute',
    'pushContribution',
    'reduce',
    'pushReduced',
    'retain',
    'apply',
    'audit',
    'evaluate',
    'attest',
  ];

  it.each(points)('right after the effect %s costs no micro-batch', (type) => {
    let struck = false;
    const result = run({
      seed: 11,
      weather: calm,
      rounds: 25,
      afterEffect: (world, worker, effect) => {
        if (
          struck ||
          effect.type !== type ||
          (world.coordinator.state.committed < 2 && !['prepare', 'initialise'].includes(type))
        )
          return;
        struck = true;
        world.kill(worker, `at ${type}`);
      },
    });
    expect(struck).toBe(true);
    expect(result.outcome).toBe('finished');
    const trained = factsOf(result, 'roundCommitted').flatMap(({ shares }) =>
      shares.flatMap(({ microBatches }) => microBatches),
    );
    expect(new Set(trained).size).toBe(trained.length);
  });

  it.each(['commit', 'reduced', 'gathered', 'applied'])('right after it said %s costs no micro-batch', (type) => {
    let struck = false;
    const result = run({
      seed: 12,
      weather: calm,
      rounds: 10,
      afterEffect: (world, worker, effect) => {
        if (struck || effect.type !== 'send' || effect.message.type !== type || world.coordinator.state.committed < 3)
          return;
        struck = true;
        world.kill(worker, `having said ${type}`);
      },
    });
    expect(struck).toBe(true);
    expect(result.outcome).toBe('finished');
  });
});
