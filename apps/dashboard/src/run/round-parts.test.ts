import { describe, expect, it } from 'vitest';
import type { RoundLine, RoundSpan } from '@murmuration/protocol/dashboard';
import { MockRun } from '../testing/mock-run.ts';
import { isDisturbed, lengthOf, roundInWords, spansInWords, timeShares } from './round-parts.ts';

const plain = (text: string): string => text.replaceAll('\u202f', ' ');
const span = (what: RoundSpan['what'], fromMs: number, toMs: number, note = ''): RoundSpan => ({
  what,
  fromMs,
  toMs,
  note,
});
const line = (spans: readonly RoundSpan[], given: Partial<RoundLine> = {}): RoundLine => {
  const [template] = new MockRun({ members: 1 }).snapshot().rounds.slice(1);
  return { ...template!, events: [], members: [{ ...template!.members[0]!, spans }], ...given };
};

describe('where the time of a round went', () => {
  it('sums to one, in the order in which a round goes, audits apart', () => {
    const shares = timeShares(
      line([span('waited', 60, 80), span('computed', 0, 60), span('applied', 80, 100), span('audited', 0, 100)]),
    );
    expect(shares).toEqual([
      { what: 'computed', part: 0.6 },
      { what: 'waited', part: 0.2 },
      { what: 'applied', part: 0.2 },
    ]);
  });

  it('is nothing before there is any', () => expect(timeShares(line([]))).toEqual([]));

  it('takes spans that end before they begin as nothing', () => {
    expect(timeShares(line([span('computed', 10, 5), span('waited', 0, 4)]))).toEqual([
      { what: 'computed', part: 0 },
      { what: 'waited', part: 1 },
    ]);
  });
});

describe('a round in words', () => {
  it('lasts as long as it took, or so far as its spans tell', () => {
    expect(lengthOf(line([span('computed', 0, 40)], { milliseconds: 100 }))).toBe(100);
    expect(lengthOf(line([span('computed', 0, 40)], { milliseconds: null }))).toBe(40);
    expect(lengthOf(line([], { milliseconds: null }))).toBe(1);
  });

  it('is disturbed when a member failed or the view changed', () => {
    expect(isDisturbed(line([span('computed', 0, 1)]))).toBe(false);
    expect(isDisturbed(line([span('failed', 0, 1)]))).toBe(true);
    expect(isDisturbed(line([], { events: [{ atMs: 1, reason: 'view 2' }] }))).toBe(true);
    expect(isDisturbed(line([], { outcome: 'rolled back' }))).toBe(true);
  });

  it('can be read aloud', () => {
    expect(plain(spansInWords([span('computed', 0, 320), span('waited', 320, 400, 'for the slowest')]))).toBe(
      'computed for 320 ms, waited for 80 ms (for the slowest)',
    );
    expect(plain(roundInWords(line([], { round: 7, milliseconds: 812, hidden: 3 })))).toBe(
      'Round 7, committed after 812 ms, 4 members',
    );
  });
});
