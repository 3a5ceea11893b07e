/** What nobody can make grow without an end: the journal keeps every event that changes something. */
import { describe, expect, it } from 'vitest';
import { round, view } from '../../core/ids.ts';
import { replayJournal } from '../../journal/replay.ts';
import { hashNo, idOf, Scenario, scenarioConfig } from './scenario.ts';

const three = () => new Scenario().join('a', 'b', 'c');
const holds = (at: number) => ({
  holds: { runId: scenarioConfig.runId, round: round(at), stateHash: hashNo(at), view: null },
});

describe('a connected member that says the same again and again', () => {
  const growth = (scenario: Scenario, say: (i: number) => void): number => {
    const before = scenario.journal.length;
    for (let i = 0; i < 200; i++) say(i);
    expect(replayJournal(scenario.journal)?.state).toEqual(scenario.state);
    return scenario.journal.length - before;
  };
  const unsynced = (scenario: Scenario, name: string) =>
    scenario.say(name, { type: 'unsynced', round: round(0), reason: 'nobody serves it' });

  it('that it is ready, or was: nothing is noted', () => {
    const gathering = new Scenario({ startMembers: 9 }).join('a', 'b', 'c');
    expect(growth(gathering, () => gathering.ready('a'))).toBe(0);
    const training = three().play('a', 'b', 'c').play('a', 'b', 'c');
    training.hello('d', holds(2));
    training.ready('d', 2);
    expect(growth(training, (i) => training.ready('d', 1 + (i % 2)))).toBe(0);
  });

  it('that it applied rounds which are long committed: nothing is noted', () => {
    const scenario = three().play('a', 'b', 'c').play('a', 'b', 'c').play('a', 'b', 'c');
    scenario.hello('d', holds(3));
    scenario.ready('d', 3);
    const say = (i: number) => {
      const at = i % 3;
      const applied = { round: round(at), view: view(at + 1), stateHash: hashNo(at + 1), gradientNorm: 1 };
      scenario.say('d', { type: 'applied', ...applied });
    };
    expect(growth(scenario, say)).toBe(0);
  });

  it('that it comes to no state while nothing moves: it is lost, without blame, and may come back', () => {
    const scenario = new Scenario({ startMembers: 9 }).join('a', 'b', 'c');
    expect(growth(scenario, () => unsynced(scenario, 'c'))).toBeLessThan(20);
    expect(scenario.facts('memberGone')).toMatchObject([{ peerId: idOf('c'), how: 'lost', code: 'UNSYNCED' }]);
    expect(scenario.state.members[idOf('c')]?.standing.strikes).toBe(0);
    scenario.hello('c');
    scenario.ready('c');
    expect(scenario.state.members[idOf('c')]?.status).toBe('ready');
  });

  it('that it has a state and then has none: there is an end to that too', () => {
    for (const scenario of [new Scenario({ startMembers: 9 }).join('a', 'b', 'c'), three().play('a', 'b', 'c')]) {
      scenario.hello('d');
      if (scenario.state.phase.name === 'training') scenario.play('a', 'b', 'c');
      const toAndFro = (i: number) => void (i % 2 === 0 ? scenario.ready('d') : unsynced(scenario, 'd'));
      expect(growth(scenario, toAndFro)).toBeLessThan(40);
    }
  });

  it('that it failed, is as good as any other once it has taken part', () => {
    const scenario = new Scenario().join('a', 'b');
    scenario.hello('c');
    for (let time = 0; time < 5; time++) unsynced(scenario, 'c');
    scenario.ready('c');
    expect(scenario.state.members[idOf('c')]?.failedSyncs).toBe(5);
    scenario.play('a', 'b', 'c');
    expect(scenario.state.members[idOf('c')]?.failedSyncs).toBe(0);
  });
});
