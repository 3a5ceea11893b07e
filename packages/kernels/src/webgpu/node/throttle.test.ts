import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { throttleSetImmediate } from './throttle.ts';

/** Asks `count` times in a row, each time once the last answer is there, as Dawn does. */
async function ask(count: number): Promise<void> {
  for (let question = 0; question < count; question++) {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

describe('a throttled setImmediate', () => {
  const own = globalThis.setImmediate;
  const immediate = vi.fn<(callback: () => void) => unknown>((callback) => own(callback));
  const timer = vi.spyOn(globalThis, 'setTimeout');
  beforeEach(() => {
    globalThis.setImmediate = immediate as unknown as typeof setImmediate;
    vi.clearAllMocks();
  });
  afterEach(() => {
    globalThis.setImmediate = own;
  });

  it('answers short work at once and long work by a timer', async () => {
    throttleSetImmediate();
    await ask(60);
    expect([immediate.mock.calls.length, timer.mock.calls.length]).toEqual([40, 20]);
  });

  it('answers at once again when new work begins', async () => {
    const throttle = throttleSetImmediate();
    await ask(50);
    throttle.restart();
    await ask(10);
    expect([immediate.mock.calls.length, timer.mock.calls.length]).toEqual([50, 10]);
  });
});
