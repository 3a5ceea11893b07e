/** Evaluations: how parts come to members, and what becomes of those whose holder is gone. */
import { describe, expect, it } from 'vitest';
import { hashNo, idOf, Scenario } from '../scenario.ts';

/** As many workers as wanted, each called by one letter. */
const crowd = (count: number): string[] => Array.from({ length: count }, (_, i) => String.fromCharCode(0x4e00 + i));

/** A run that has nothing left to do but its evaluation. */
const evaluating = (names: readonly string[], samples: number): Scenario =>
  new Scenario({
    rounds: 0,
    startMembers: names.length,
    maxMembers: names.length,
    evaluation: { every: 0, samples },
  }).join(...names);

/** The numbers of the parts that it still has to evaluate. */
const heldBy = ({ state: { phase } }: Scenario, name: string): number[] =>
  phase.name !== 'evaluating'
    ? []
    : phase.evaluation.parts.flatMap(({ assignee, sums }, part) =>
        assignee === idOf(name) && sums === null ? [part] : [],
      );

function answer(scenario: Scenario, name: string): void {
  const held = new Set(heldBy(scenario, name));
  for (const { evaluation, part, start, end } of scenario.heard(name, 'evaluate'))
    if (held.delete(part))
      scenario.say(name, {
        type: 'evaluated',
        evaluation,
        part,
        lossSum: end - start,
        correct: 0,
        predictions: end - start,
      });
}

/** Its connection breaks, and it is back at once with the state that it had. */
function comeAndGo(scenario: Scenario, name: string): void {
  scenario.lose(name);
  const { config, committed } = scenario.state;
  const stateHash = hashNo(committed);
  scenario.hello(name, { holds: { runId: config.runId, round: committed, stateHash, view: null } });
  scenario.ready(name);
}

describe('an evaluation', () => {
  it.each([124, 125, 256, 512])('by %i members is handed out at once, a part each', (count) => {
    const names = crowd(count);
    const scenario = evaluating(names, count);
    for (const name of names) expect(scenario.heard(name, 'evaluate')).toHaveLength(1);
    for (const name of names) answer(scenario, name);
    expect(scenario.facts('evaluated')[0]).toMatchObject({ loss: 1, predictions: count, final: true });
  });

  it('of many members goes on with the last of them, who gets all their parts', () => {
    const names = crowd(130);
    const scenario = evaluating(names, 130);
    scenario.lose(...names.slice(1));
    expect(heldBy(scenario, names[0]!)).toHaveLength(130);
    answer(scenario, names[0]!);
    expect(scenario.facts('evaluated')[0]).toMatchObject({ predictions: 130 });
  });

  it('whose parts two keep handing to each other by coming and going is soon done by a third', () => {
    const scenario = evaluating(['a', 'b', 'x', 'y'], 100);
    for (const name of ['x', 'y']) answer(scenario, name);
    answer(scenario, 'a');
    const holders: string[] = [];
    while (scenario.state.phase.name === 'evaluating' && holders.length < 10) {
      const holder = ['a', 'b', 'x', 'y'].find((name) => heldBy(scenario, name).length > 0)!;
      holders.push(holder);
      if (holder === 'x') answer(scenario, holder);
      else comeAndGo(scenario, holder);
    }
    expect(holders).toEqual(['b', 'a', 'x']);
    expect(scenario.facts('evaluated')).toHaveLength(1);
  });

  it('goes back to those who dropped a part when there is nobody else, in turn', () => {
    const scenario = evaluating(['a', 'b', 'c'], 3);
    for (const name of ['b', 'c']) answer(scenario, name);
    const holders = Array.from({ length: 6 }, () => {
      const holder = ['a', 'b', 'c'].find((name) => heldBy(scenario, name).length > 0)!;
      comeAndGo(scenario, holder);
      return holder;
    });
    expect(holders).toEqual(['a', 'b', 'c', 'a', 'b', 'c']);
  });
});
