import { describe, expect, it } from 'vitest';
import { BadFaultError, faultsFrom, forge, noFaults, spoil, trainedSamples, type Misbehaviour } from './faults.ts';

describe('faults', () => {
  it('are none unless they are asked for', () => {
    expect(faultsFrom({})).toEqual(noFaults);
    expect(trainedSamples(noFaults, 32)).toBe(32);
  });

  it('are read from the environment, or refused by name', () => {
    expect(faultsFrom({ MURMURATION_MISBEHAVE: 'zeros', MURMURATION_CRASH_AT: 'owning:7' })).toEqual({
      misbehave: 'zeros',
      crashAt: { phase: 'owning', round: 7 },
    });
    for (const bad of [
      { MURMURATION_MISBEHAVE: 'kindness' },
      { MURMURATION_CRASH_AT: 'owning' },
      { MURMURATION_CRASH_AT: 'sleeping:1' },
    ])
      expect(() => faultsFrom(bad)).toThrow(BadFaultError);
  });

  it('spoil a gradient as they say', () => {
    const gradient = Float32Array.of(1, -2, 3);
    const spoilt = (
      misbehave: 'zeros' | 'stale' | 'garbage' | 'skip-half',
      previous: Float32Array | null = null,
    ): Float32Array => {
      const values = gradient.slice();
      spoil({ ...noFaults, misbehave }, values, previous);
      return values;
    };
    expect([...spoilt('zeros')]).toEqual([0, 0, 0]);
    expect([...spoilt('stale', Float32Array.of(7, 8, 9))]).toEqual([7, 8, 9]);
    expect([...spoilt('stale')]).toEqual([...gradient]);
    expect(spoilt('garbage')).not.toEqual(gradient);
    expect(trainedSamples({ ...noFaults, misbehave: 'skip-half' }, 32)).toBe(16);
  });

  it('change what was committed to only where that is asked for', () => {
    for (const [misbehave, changed] of [
      ['forge', true],
      ['zeros', false],
    ] as const) {
      const [floats, sums] = [Float32Array.of(0, -2), BigInt64Array.of(0n, -2n)];
      forge({ ...noFaults, misbehave }, floats);
      forge({ ...noFaults, misbehave }, sums);
      expect([...floats]).toEqual(changed ? [1, -1] : [0, -2]);
      expect([...sums]).toEqual(changed ? [1n, -1n] : [0n, -2n]);
    }
  });

  it('spoil fixed-point sums alike, and leave the others’ to the bit', () => {
    const sums = BigInt64Array.of(2n ** 62n + 1n, -(2n ** 40n), 3n);
    const spoilt = (misbehave: Misbehaviour, previous: BigInt64Array | null = null): bigint[] => {
      const values = sums.slice();
      spoil({ ...noFaults, misbehave }, values, previous);
      return [...values];
    };
    expect(spoilt('zeros')).toEqual([0n, 0n, 0n]);
    expect(spoilt('stale', BigInt64Array.of(7n, 8n, 9n))).toEqual([7n, 8n, 9n]);
    expect(spoilt('nudge')[1]).toBe(-(2n ** 40n) - 2n ** 20n);
    expect(spoilt('skip-half')).toEqual([...sums]);
  });
});
