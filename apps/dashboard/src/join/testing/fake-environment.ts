/** A browser that a test drives by hand. */
import type { JoinOffer } from '@murmuration/protocol/dashboard';
import type { PageExamination } from '@murmuration/worker/browser';
import type { JoinEnvironment } from '../environment.ts';
import type { Wallet } from '../wallets.ts';
import { FakeKeyStore, FakeTabWorker, fakeExamination, fakeOffer } from './fakes.ts';

/** `Storage` without a browser. */
export class FakeStorage {
  readonly items = new Map<string, string>();
  getItem = (key: string): string | null => this.items.get(key) ?? null;
  setItem = (key: string, value: string): void => void this.items.set(key, value);
  removeItem = (key: string): void => void this.items.delete(key);
}

export class FakeBrowser {
  offer: JoinOffer | Error = fakeOffer;
  examination: PageExamination = fakeExamination;
  address = { pathname: '/join', search: '', hash: '' };
  readonly keys = new FakeKeyStore();
  readonly workers: FakeTabWorker[] = [];
  readonly local = new FakeStorage();
  readonly session = new FakeStorage();
  readonly copied: string[] = [];
  readonly downloaded: (readonly [string, string])[] = [];
  readonly screenLocks: string[] = [];
  wallets: (wallets: readonly Wallet[]) => void = () => undefined;
  hide: (hidden: boolean) => void = () => undefined;
  #later: (() => void)[] = [];

  get worker(): FakeTabWorker {
    const worker = this.workers.at(-1);
    if (worker === undefined) throw new Error('no worker was started');
    return worker;
  }

  /** Lets everything happen that waits for a while to pass. */
  pass(): void {
    for (const f of this.#later.splice(0)) f();
  }

  readonly environment: JoinEnvironment = {
    origin: 'http://127.0.0.1:8080',
    askOffer: async () =>
      await (this.offer instanceof Error ? Promise.reject(this.offer) : Promise.resolve(this.offer)),
    loadFace: async () =>
      await Promise.resolve({
        examinePage: async () => await Promise.resolve(this.examination),
        openKeyStore: async () => await Promise.resolve(this.keys),
        startTabWorker: (options) => {
          const worker = new FakeTabWorker(options);
          this.workers.push(worker);
          return worker;
        },
      }),
    tokenPlace: {
      location: this.address,
      history: { replaceState: (_data, _unused, url) => void (this.address.hash = String(url).split('#')[1] ?? '') },
      storage: this.session,
    },
    storage: this.local,
    watchWallets: (changed) => void (this.wallets = changed),
    watchVisibility: (changed) => void (this.hide = changed),
    wakeLock: {
      request: async () => {
        this.screenLocks.push('on');
        const release = async (): Promise<void> => await Promise.resolve(void this.screenLocks.push('off'));
        return await Promise.resolve({ release } as WakeLockSentinel);
      },
    },
    backup: {
      copy: async (text) => await Promise.resolve(void this.copied.push(text)),
      download: (name, text) => void this.downloaded.push([name, text]),
    },
    now: () => 0,
    later: (_milliseconds, f) => void this.#later.push(f),
  };
}
