/**
 * One line of the journal: an input of the coordinator machine, what it decided, and the hash that chains it to the
 * line before. The store keeps these as they are.
 */
import type { Hash } from '../core/ids.ts';
import type { CoordinatorEvent } from '../machines/coordinator/events.ts';
import type { RunFact } from './facts.ts';

export interface JournalEntry {
  /** 0, 1, 2, … */
  readonly sequence: number;
  /** `hash` of the entry before; 32 zero bytes for the first. */
  readonly previous: Hash;
  readonly event: CoordinatorEvent;
  /** What was decided, in the order of the effects. */
  readonly facts: readonly RunFact[];
  /** SHA-256 over all effects and the reason: replay must come to the same. */
  readonly decision: Hash;
  readonly reason: string;
  /** SHA-256 over everything above, as canonical JSON. */
  readonly hash: Hash;
}
