/** The key of this browser, as the page shows it: whose it is, its backup, and another one in its place. */
import { signal } from '@preact/signals';
import type { KeyStore, TabKey } from '@murmuration/worker/browser';
import { done, failed } from './said.ts';
import type { Said } from './said.ts';

/** How a backup leaves the page. */
export interface BackupWays {
  copy(text: string): Promise<void>;
  download(name: string, text: string): void;
}

export class KeyModel {
  /** Null: none was made yet. */
  readonly key = signal<TabKey | null>(null);
  readonly said = signal<Said | null>(null);
  readonly #ways: BackupWays;
  #store: KeyStore | null = null;

  constructor(ways: BackupWays) {
    this.#ways = ways;
  }

  async open(openKeyStore: () => Promise<KeyStore>): Promise<void> {
    this.#store ??= await openKeyStore();
    this.key.value = await this.#store.load();
  }

  /** The key to work with, made when there is none. @throws KeyStoreError */
  async take(): Promise<TabKey> {
    const store = this.#opened();
    this.key.value = (await store.load()) ?? (await store.create());
    return this.key.value;
  }

  /** Makes the key before it is needed, so that its backup can be taken. */
  async create(): Promise<void> {
    await this.#saying(async () => {
      await this.take();
      return 'This is your key. Save its backup.';
    });
  }

  async copyBackup(): Promise<void> {
    await this.#backup(async (text) => {
      await this.#ways.copy(text);
      return 'Copied. Paste it into your password manager: whoever has this text has your pay.';
    });
  }

  async downloadBackup(): Promise<void> {
    await this.#backup((text, key) => {
      this.#ways.download(`murmuration-key-${key.peerId.slice(-8)}.txt`, text);
      return Promise.resolve('Saved. Keep the file where only you can read it: whoever has it has your pay.');
    });
  }

  /** Takes over the key of a backup. */
  async restore(text: string): Promise<void> {
    await this.#saying(async () => {
      this.key.value = await this.#opened().restore(text);
      return 'Restored. This browser now works with the key of your backup.';
    });
  }

  async #backup(give: (text: string, key: TabKey) => Promise<string>): Promise<void> {
    await this.#saying(async () => {
      const key = await this.take();
      const said = await give(await this.#opened().backup(), key);
      this.key.value = { ...key, backedUp: true };
      return said;
    });
  }

  #opened(): KeyStore {
    if (this.#store === null) throw new Error('The key store is not open yet. Wait until the page has loaded.');
    return this.#store;
  }

  async #saying(act: () => Promise<string>): Promise<void> {
    this.said.value = null;
    try {
      this.said.value = done(await act());
    } catch (error) {
      this.said.value = failed(error);
    }
  }
}
