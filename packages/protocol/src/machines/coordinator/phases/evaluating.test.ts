/** Evaluations: how parts come to members, and what becomes of those whose holder is gone. */
import { describe, expect, it } from 'vitest';
import { idOf, Scenario } from '../scenario.ts';

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
});
