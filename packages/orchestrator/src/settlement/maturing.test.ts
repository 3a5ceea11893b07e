import { describe, expect, it } from 'vitest';
import { MaturingEpochs } from './maturing.ts';

const leaves = [] as const;

describe('epochs that can still be disputed', () => {
  it('are claimed on once, the newest that has matured', () => {
    const epochs = new MaturingEpochs(100);
    for (const [epoch, maturesAt] of [110, 120, 130].entries()) epochs.add({ epoch, leaves, maturesAt });
    expect(epochs.take(109)).toBeNull();
    expect(epochs.take(125)).toMatchObject({ epoch: 1 });
    expect(epochs.take(125)).toBeNull();
    expect(epochs.take(130)).toMatchObject({ epoch: 2 });
  });

  it('are kept in a bounded number, and none has to wait much longer than its window', () => {
    const [window, kept] = [1600, new Set<number>()];
    const epochs = new MaturingEpochs(window);
    for (let now = 0; now < 10 * window; now += 1) {
      const taken = epochs.take(now);
      if (taken !== null) kept.add(taken.epoch);
      epochs.add({ epoch: now, leaves, maturesAt: now + window });
    }
    expect(kept.size).toBe(9 * 16);
    expect(Math.max(...kept)).toBeGreaterThanOrEqual(9 * window - 100);
  });
});
