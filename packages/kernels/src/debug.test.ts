import { describe, expect, it } from 'vitest';
import { debug, debugLevel, graphText } from './debug.ts';
import { buildStepProgram } from './models/build-step-program.ts';

/** An environment of its own, and what was told in it. */
function environment(level?: string) {
  const told: string[] = [];
  const process = { env: { MURMURATION_DEBUG: level }, stderr: { write: (text: string) => told.push(text) } };
  return { told, process };
}

describe('debugLevel', () => {
  it('is a whole number above 0, or nothing', () => {
    expect(['3', '0', undefined, '', 'all', '-1', '1.5'].map((level) => debugLevel(environment(level)))).toEqual([
      3, 0, 0, 0, 0, 0, 0,
    ]);
  });

  it('is 0 where there is no process at all', () => {
    expect(debugLevel({})).toBe(0);
  });
});

describe('debug', () => {
  it('tells a topic from its level on, line by line', () => {
    const two = environment('2');
    debug('graph', () => 'a\nb\n', two);
    debug('plan', () => 'c', two);
    debug('wgsl', () => 'd', two);
    expect(two.told.join('')).toBe('[graph] a\n[graph] b\n[plan] c\n');
  });

  it('does not make what it does not tell', () => {
    const silent = environment('1');
    debug('timings', () => expect.unreachable(), silent);
    expect(silent.told).toEqual([]);
  });
});

describe('graphText', () => {
  it('prints each graph under its name', () => {
    const { train } = buildStepProgram({ type: 'mlp', inputs: 2, hidden: [], outputs: 2, activation: 'relu' }, 1);
    const text = graphText('onnx', { train });
    expect(text).toMatch(/^train, for onnx: \d+ nodes\n%0 = parameter/);
    expect(text).toContain('matmul(');
  });
});
