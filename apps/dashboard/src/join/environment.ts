/** All of the browser that the page's model touches, so that tests can hand in another one. */
import { apiPaths } from '@murmuration/protocol/dashboard';
import type { JoinOffer } from '@murmuration/protocol/dashboard';
import type * as worker from '@murmuration/worker/browser';
import { ask } from '../api/client.ts';
import type { BackupWays } from './key-model.ts';
import type { TokenPlace } from './token.ts';
import { watchWallets } from './wallets.ts';
import type { Wallet } from './wallets.ts';

/** `@murmuration/worker/browser` as it is loaded. */
export type WorkerFace = Pick<typeof worker, 'examinePage' | 'openKeyStore' | 'startTabWorker'>;

export interface JoinEnvironment {
  readonly origin: string;
  askOffer(): Promise<JoinOffer>;
  loadFace(): Promise<WorkerFace>;
  readonly tokenPlace: TokenPlace;
  readonly storage: Pick<Storage, 'getItem' | 'setItem'>;
  watchWallets(changed: (wallets: readonly Wallet[]) => void): void;
  /** Calls back when the tab is hidden or shown. */
  watchVisibility(changed: (hidden: boolean) => void): void;
  readonly wakeLock: WakeLock | undefined;
  readonly backup: BackupWays;
  now(): number;
  /** Calls `f` after a while, and once. */
  later(milliseconds: number, f: () => void): void;
}

/** Storage that is switched off throws when it is touched at all; whoever uses it expects that it throws. */
const lazily = (storage: () => Storage): Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> => ({
  getItem: (key) => storage().getItem(key),
  setItem: (key, value) => storage().setItem(key, value),
  removeItem: (key) => storage().removeItem(key),
});

function download(name: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}

/** The browser that the page runs in. */
export function browserEnvironment(): JoinEnvironment {
  return {
    origin: location.origin,
    askOffer: async () => await ask<JoinOffer>(apiPaths.join),
    loadFace: async () => await import('@murmuration/worker/browser'),
    tokenPlace: { location, history, storage: lazily(() => sessionStorage) },
    storage: lazily(() => localStorage),
    watchWallets: (changed) => void watchWallets(globalThis, changed),
    watchVisibility: (changed) => document.addEventListener('visibilitychange', () => changed(document.hidden)),
    wakeLock: 'wakeLock' in navigator ? navigator.wakeLock : undefined,
    backup: { copy: async (text) => await navigator.clipboard.writeText(text), download },
    now: () => performance.now(),
    later: (milliseconds, f) => void setTimeout(f, milliseconds),
  };
}
