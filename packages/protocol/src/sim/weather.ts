/** What goes wrong in a simulated run, and how often. Times in virtual milliseconds. */
import type { MemberEffectType } from '../machines/member/effects.ts';

export interface Weather {
  /** Bounds of a message's way. */
  readonly delay: readonly [number, number];
  /** Mean time between deaths of a worker; half of them without the connection closing. */
  readonly death: number;
  /** Mean time between lost coordinator connections; the worker lives and redials. */
  readonly cut: number;
  /** Mean time between new workers. */
  readonly arrival: number;
  /** A dead worker comes back with the same key and an empty memory, with this chance. */
  readonly returns: number;
  /** Mean time between restarts of the coordinator. */
  readonly restart: number;
  /** Chance that a new worker computes a hundred times slower than others. */
  readonly slow: number;
  /** Chance that a worker dies right after performing such an effect. */
  readonly deadly: Partial<Record<MemberEffectType, number>>;
}

const NEVER = Number.POSITIVE_INFINITY;

export const calm: Weather = {
  delay: [1, 5],
  death: NEVER,
  cut: NEVER,
  arrival: NEVER,
  returns: 0,
  restart: NEVER,
  slow: 0,
  deadly: {},
};

/** Deaths, cuts, arrivals and restarts, each every few rounds. */
export const rough: Weather = {
  delay: [1, 40],
  death: 3_000,
  cut: 4_000,
  arrival: 4_000,
  returns: 0.5,
  restart: 20_000,
  slow: 0.05,
  deadly: {
    compute: 0.003,
    send: 0.0006,
    pushContribution: 0.003,
    reduce: 0.001,
    pushReduced: 0.001,
    apply: 0.003,
    fetchState: 0.01,
    fetchReduced: 0.01,
    audit: 0.01,
    evaluate: 0.02,
  },
};

/** So bad that now and then everybody is gone at once, the coordinator included. */
export const storm: Weather = {
  delay: [1, 80],
  death: 600,
  cut: 1_200,
  arrival: 1_500,
  returns: 0.7,
  restart: 15_000,
  slow: 0.1,
  deadly: {
    compute: 0.01,
    send: 0.003,
    pushContribution: 0.01,
    reduce: 0.005,
    pushReduced: 0.005,
    apply: 0.03,
    retain: 0.01,
    fetchState: 0.02,
    fetchReduced: 0.05,
    audit: 0.02,
    evaluate: 0.05,
  },
};
