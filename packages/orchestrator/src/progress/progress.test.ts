import { FiguresFold } from '@murmuration/protocol/projection';
import { describe, expect, it } from 'vitest';
import { ana, ben, committed, joined, story, told } from '../summary/testing.ts';
import { factEvent, factSentence } from './facts.ts';
import { figuresLine, plainView } from './terminal.ts';
import type { LiveFigures } from './terminal.ts';

function liveFold(priceWei = '0'): FiguresFold {
  return new FiguresFold({ priceWei, microBatches: 3, wire: null });
}

function foldStory(): LiveFigures {
  const live = liveFold('100');
  for (const entry of story) live.add(entry);
  return { ...live.figures, target: live.target };
}

describe('live figures', () => {
  it('follow rounds, members, speed and money', () => {
    expect(foldStory()).toMatchObject({
      round: 10,
      target: 10,
      members: 1,
      samplesPerSecond: 12,
      secondsLeft: 0,
      spentWei: '2600',
      trainLoss: 1.1,
    });
  });

  it('guess the time left from the last rounds', () => {
    const live = liveFold();
    live.add(told(0, { type: 'runStarted', rounds: 100, minMembers: 1, anchor: '0x' as never }));
    for (let number = 0; number < 5; number += 1) live.add(told(number * 2, committed(number)));
    expect(live.figures).toMatchObject({ round: 5, samplesPerSecond: 6, secondsLeft: 190 });
    expect(figuresLine({ ...live.figures, target: live.target })).toBe(
      'round 5/100 · loss 1.6 · 6 samples/s · 0 members · 3m 10s left',
    );
  });
});

describe('facts', () => {
  it('become events that stay one short line', () => {
    expect(factEvent(committed(2), 7)).toMatchObject({
      event: 'round.committed',
      at: 7,
      round: 2,
      shares: [
        { peerId: ana, microBatches: 2 },
        { peerId: ben, microBatches: 1 },
      ],
    });
    expect(factEvent({ type: 'draining', reason: 'x' }, 1)).toEqual({ event: 'draining', at: 1, reason: 'x' });
  });

  it('become sentences only where a person would want one', () => {
    expect(factSentence(joined(ana))).toBe('…naAnaAna joined: onnx on test <adapter>');
    expect(factSentence(committed(1))).toBeNull();
  });
});

describe('plainView', () => {
  it('prints a line of figures every few seconds, and the last one', () => {
    const lines: string[] = [];
    const view = plainView((line) => lines.push(line), 5000);
    const figures = foldStory();
    for (let second = 0; second <= 12; second += 1)
      view.show({ ...figures, round: second, target: 13 }, 100_000 + second * 1000);
    view.show({ ...figures, round: 13, target: 13 }, 112_500);
    expect(lines.map((line) => line.split(' ')[1])).toEqual(['1/13', '6/13', '11/13', '13/13']);
  });
});
