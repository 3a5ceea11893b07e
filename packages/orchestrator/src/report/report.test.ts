import { describe, expect, it } from 'vitest';
import { runResult } from '../summary/result.ts';
import { summarize } from '../summary/fold.ts';
import { story } from '../summary/testing.ts';
import { renderReport } from './report.ts';
import { niceTicks, thin } from './scale.ts';

const summary = summarize('test-20260101-00000000', story);
const escrow = {
  depositedWei: '5000000000000000000',
  paidWei: '2000000000000000000',
  refundedWei: '3000000000000000000',
};
const result = runResult(summary, escrow, {
  round: 4,
  accuracy: 0.874,
  loss: 0.51,
  samples: 8,
  accuracyDifference: 0.001,
});
const page = renderReport({
  jobName: 'story',
  jobText: 'name: <story>\n',
  summary,
  result,
  environment: { node: 'v24' },
});

describe('report.html', () => {
  it('says so when there is nothing to compare the exported model with', () => {
    const drained = runResult(summary, escrow, {
      round: 4,
      accuracy: 0.874,
      loss: 0.51,
      samples: 8,
      accuracyDifference: null,
    });
    const html = renderReport({ jobName: 'story', jobText: '', summary, result: drained, environment: {} });
    expect(html).toContain('the workers did not evaluate the state at round 4');
    expect(html).not.toContain('NaN');
  });

  it('shows the figures of the run', () => {
    for (const figure of [
      '87.50 %',
      '87.40 %',
      '0.100 points',
      '20 micro-batches in 10 rounds',
      '66.7 %',
      'Deposited 5, paid 2',
      'refunded 3 tokens',
      '0xfeed',
    ]) {
      expect(page).toContain(figure);
    }
  });

  it('names who failed an audit, with the numbers', () => {
    expect(page).toContain('relative error 1 is above 2e-4');
    expect(page).toMatch(/…BenBenBe?n?.*|BenBenBen/);
    expect(page).toContain('fail at 1');
    expect(page).toContain('audit 0 failed');
  });

  it('draws the loss and the durations, and the members where they changed', () => {
    expect(page.match(/<svg /g)).toHaveLength(2);
    expect(page).toContain('2 members in every round');
    expect(page).toContain('aria-label="Loss over rounds"');
    expect(page).toMatch(/<path class="line train" d="M[\d. ML]+"/);
  });

  it('asks nothing of the network, and lets nothing from outside become HTML', () => {
    expect(page).not.toMatch(/(src|href)=|@import|url\(|https?:/);
    expect(page).toContain("default-src 'none'");
    expect(page).toContain('name: &lt;story&gt;');
    expect(page).toContain('test &lt;adapter&gt;');
    expect(page).not.toContain('<adapter>');
  });

  it('can show a run that has not begun', () => {
    const empty = summarize('test', []);
    expect(
      renderReport({
        jobName: 'empty',
        jobText: '',
        summary: empty,
        result: runResult(empty, escrow, null),
        environment: {},
      }),
    ).toContain('nothing was recorded');
  });
});

describe('scales', () => {
  it.each([
    [0, 10, 5, [0, 2, 4, 6, 8, 10]],
    [0.13, 0.47, 4, [0.2, 0.3, 0.4]],
    [5, 5, 4, [5]],
  ] as const)('ticks of %d to %d', (low, high, count, ticks) => {
    expect(niceTicks(low, high, count)).toEqual(ticks);
  });

  it('thins to means', () => {
    expect(
      thin(
        Array.from({ length: 6 }, (_, x) => ({ x, y: 2 * x })),
        3,
      ),
    ).toEqual([
      { x: 0.5, y: 1 },
      { x: 2.5, y: 5 },
      { x: 4.5, y: 9 },
    ]);
  });
});
