/** The run as a whole, made once for all who ask between two entries of its journal. */
import type { RunSnapshot } from '@murmuration/protocol/dashboard';
import type { RunView } from './run-view.ts';

interface Made {
  readonly key: string;
  readonly value: RunSnapshot;
  readonly text: string;
}

export class Snapshots {
  readonly #view: () => RunView | null;
  readonly #redact: (text: string) => string;
  #made: Made | null = null;

  /** @param redact takes out of a text what no answer may hold */
  constructor(view: () => RunView | null, redact: (text: string) => string) {
    this.#view = view;
    this.#redact = redact;
  }

  /** Null while the run is not open. */
  value(): RunSnapshot | null {
    return this.#now()?.value ?? null;
  }

  /** As JSON, fit to leave. */
  text(): string | null {
    return this.#now()?.text ?? null;
  }

  #now(): Made | null {
    const view = this.#view();
    if (view === null) return null;
    const key = `${view.sequence} ${view.standing}`;
    if (this.#made?.key === key) return this.#made;
    const value = view.snapshot();
    this.#made = { key, value, text: this.#redact(JSON.stringify(value)) };
    return this.#made;
  }
}
