/** What a volunteer chose, kept in this browser for the next visit. */
import type { TabBackend } from '@murmuration/worker/browser';
import { LEAST_SHARE, tabBackends } from '@murmuration/worker/browser';

/** What the tab does while nobody looks at it. */
export type Background = 'keep' | 'visible';

export interface Choices {
  /** Part of the time that the device computes, LEAST_SHARE to 1. */
  readonly share: number;
  readonly background: Background;
  /** Whether the screen is kept on while the tab works and is looked at. */
  readonly screenOn: boolean;
  /** As it was typed; empty: the key's own account. */
  readonly payout: string;
  readonly backend: TabBackend;
  /** The run that this browser worked for when it was last seen; null after leaving in good order. */
  readonly lastRun: string | null;
}

/** Three quarters: the rest keeps a desktop smooth on the same GPU. */
export const defaultChoices: Choices = {
  share: 0.75,
  background: 'keep',
  screenOn: false,
  payout: '',
  backend: 'auto',
  lastRun: null,
};

const KEY = 'murmuration.join';
const LONGEST_TEXT = 256;

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value.length <= LONGEST_TEXT ? value : undefined;

/** Reads what was kept; whatever does not fit gets its default, since anything can be in a browser's storage. */
export function parseChoices(stored: string | null): Choices {
  const found = parsed(stored);
  const { share, background, screenOn, payout, backend, lastRun } = found;
  return {
    share: typeof share === 'number' && share >= LEAST_SHARE && share <= 1 ? share : defaultChoices.share,
    background: background === 'visible' ? 'visible' : defaultChoices.background,
    screenOn: screenOn === true,
    payout: text(payout) ?? defaultChoices.payout,
    backend: tabBackends.find((name) => name === backend) ?? defaultChoices.backend,
    lastRun: text(lastRun) ?? null,
  };
}

function parsed(stored: string | null): Partial<Record<keyof Choices, unknown>> {
  try {
    const value: unknown = JSON.parse(stored ?? '{}');
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {}; // written by something else
  }
}

/** Storage that is switched off throws: the choices then last as long as the page. */
export function loadChoices(storage: Pick<Storage, 'getItem'>): Choices {
  try {
    return parseChoices(storage.getItem(KEY));
  } catch {
    return defaultChoices;
  }
}

export function saveChoices(storage: Pick<Storage, 'setItem'>, choices: Choices): void {
  try {
    storage.setItem(KEY, JSON.stringify(choices));
  } catch {
    // switched off or full
  }
}
