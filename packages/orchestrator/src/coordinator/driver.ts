/**
 * Drives the coordinator machine: one event after the other goes in, the entry is committed to the journal, and only then
 * are the effects performed. Whatever the world has seen is therefore in the journal.
 */
import { coordinatorTransition, isJournalled, nextJournalEntry, timestamp } from '@murmuration/protocol';
import type {
  CoordinatorEffect,
  CoordinatorEvent,
  CoordinatorState,
  JournalEntry,
  Timestamp,
} from '@murmuration/protocol';

/** An event before the driver has noted its time. */
export type Happening = CoordinatorEvent extends infer Event
  ? Event extends CoordinatorEvent
    ? Omit<Event, 'at'>
    : never
  : never;

export interface DriverPorts {
  /** Commits an entry; returns once it can't be lost any more. */
  readonly append: (entry: JournalEntry) => void;
  /** Starts an effect. What comes of it later comes back as an event; it must not throw. */
  readonly perform: (effect: CoordinatorEffect) => void;
  /** Sees each entry after its effects were started. */
  readonly observe: (entry: JournalEntry) => void;
  readonly now: () => number;
}

export class CoordinatorDriver {
  readonly #ports: DriverPorts;
  readonly #waiting: CoordinatorEvent[] = [];
  #state: CoordinatorState | null;
  #last: JournalEntry | null;
  #busy = false;
  #stopped = false;

  /** @param past the state that the journal so far leads to, and its last entry; null for a new run */
  constructor(ports: DriverPorts, past: { readonly state: CoordinatorState; readonly last: JournalEntry } | null) {
    this.#ports = ports;
    this.#state = past?.state ?? null;
    this.#last = past?.last ?? null;
  }

  /** The machine's state; null before the first event. */
  get state(): CoordinatorState | null {
    return this.#state;
  }

  /** Entries so far. */
  get journalLength(): number {
    return this.#last === null ? 0 : this.#last.sequence + 1;
  }

  /** Takes an event. One that comes while another is being handled (an effect's doing) waits its turn. */
  dispatch(happening: Happening): void {
    if (this.#stopped) return;
    this.#waiting.push({ ...happening, at: this.#now() });
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (let event = this.#waiting.shift(); event !== undefined; event = this.#waiting.shift()) this.#handle(event);
    } finally {
      this.#busy = false;
    }
  }

  /** Takes no further events. */
  stop(): void {
    this.#stopped = true;
    this.#waiting.length = 0;
  }

  #handle(event: CoordinatorEvent): void {
    const decision = coordinatorTransition(this.#state, event);
    // A heartbeat changes nothing and needs no entry; its effects are performed all the same.
    const entry = isJournalled(this.#state, decision) ? nextJournalEntry(this.#last, event, decision) : null;
    if (entry !== null) {
      this.#ports.append(entry);
      this.#last = entry;
    }
    this.#state = decision.state;
    for (const effect of decision.effects) this.#ports.perform(effect);
    if (entry !== null) this.#ports.observe(entry);
  }

  /** Never before the last event: a clock that is set back must not turn time around in the journal. */
  #now(): Timestamp {
    return timestamp(Math.max(this.#ports.now(), this.#last?.event.at ?? 0));
  }
}
