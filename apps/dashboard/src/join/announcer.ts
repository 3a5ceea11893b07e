/**
 * What a screen reader is told: turns of events, never counters. One sentence at a time; the figures themselves are on
 * the page for whoever looks for them.
 */
import { signal } from '@preact/signals';
import type { TabEvent, TabPhase, TabStatus } from '@murmuration/worker/browser';

const phases: Readonly<Record<TabPhase, string>> = {
  starting: 'Starting.',
  connecting: 'Connecting to the run.',
  preparing: 'Connected. Preparing the model and its data.',
  synchronising: 'Fetching the state of the model.',
  training: 'Training.',
  reconnecting: 'The connection was lost. Connecting again.',
  paused: 'Paused.',
  ended: '',
};

export class Announcer {
  /** For a polite live region. */
  readonly text = signal('');
  #accepted = false;
  #phase: TabPhase | null = null;

  say(text: string): void {
    this.text.value = text;
  }

  hear(event: TabEvent, { phase }: TabStatus): void {
    const turned = phase !== this.#phase;
    this.#phase = phase;
    const said = this.#sentence(event) ?? (turned ? phases[phase] : '');
    if (said !== '') this.say(said);
  }

  /** What an event itself says; null for most. */
  #sentence(event: TabEvent): string | null {
    switch (event.event) {
      case 'worker.problem':
        return event.message;
      case 'tab.ended':
        return event.reason;
      case 'worker.applied':
        return this.#first(event.microBatches);
      default:
        return null;
    }
  }

  /** The first accepted micro-batches are news, the rest is routine. */
  #first(microBatches: number): string | null {
    if (this.#accepted || microBatches === 0) return null;
    this.#accepted = true;
    return 'The first micro-batches of this tab were accepted.';
  }
}
