/**
 * The stream of server-sent events, with reconnecting of its own: an `EventSource` gives up for ever when a server
 * answers with an error, and tells nobody when it tries again. After each failure the wait doubles, up to half a minute,
 * with some chance in it so that a thousand pages don't come back in the same moment.
 */
import { apiPaths } from '@murmuration/protocol/dashboard';
import type { RunChange, RunSnapshot } from '@murmuration/protocol/dashboard';

export type LinkState =
  | { readonly is: 'connecting'; readonly attempt: number }
  | { readonly is: 'open' }
  | { readonly is: 'waiting'; readonly attempt: number; readonly retryAt: number }
  | { readonly is: 'closed' };

export interface LinkEvents {
  readonly state: (state: LinkState) => void;
  readonly snapshot: (snapshot: RunSnapshot) => void;
  readonly change: (change: RunChange) => void;
  /** Asked when a stream ends: false when there is nothing more to come. */
  readonly expectsMore: () => boolean;
}

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;

/** How long to wait after `attempt` failures in a row (the first is 1), in milliseconds; `chance` is in [0, 1). */
export const waitAfter = (attempt: number, chance: number): number =>
  Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (attempt - 1)) * (0.75 + 0.5 * chance);

export class RunLink {
  readonly #events: LinkEvents;
  #source: EventSource | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;

  constructor(events: LinkEvents) {
    this.#events = events;
  }

  /** Opens the stream now, whatever it waits for. */
  connect(): void {
    this.#drop();
    this.#events.state({ is: 'connecting', attempt: this.#failures + 1 });
    const source = new EventSource(apiPaths.events);
    source.addEventListener('snapshot', (event) => {
      this.#failures = 0;
      this.#events.snapshot(JSON.parse(event.data as string) as RunSnapshot);
      this.#events.state({ is: 'open' });
    });
    source.addEventListener('change', (event) => this.#events.change(JSON.parse(event.data as string) as RunChange));
    source.addEventListener('error', () => this.#failed());
    this.#source = source;
  }

  /** Called when the network is there again: no reason to wait any longer. */
  retryNow(): void {
    if (this.#source === null) this.connect();
  }

  #failed(): void {
    this.#drop();
    if (!this.#events.expectsMore()) {
      this.#events.state({ is: 'closed' });
      return;
    }
    this.#failures += 1;
    const wait = waitAfter(this.#failures, Math.random());
    this.#timer = setTimeout(() => this.connect(), wait);
    this.#events.state({ is: 'waiting', attempt: this.#failures, retryAt: Date.now() + wait });
  }

  #drop(): void {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }
}
