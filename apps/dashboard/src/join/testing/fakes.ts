/** A tab's worker, key store and browser that a test drives by hand. */
import { PROTOCOL_VERSION } from '@murmuration/protocol/dashboard';
import type { JoinOffer } from '@murmuration/protocol/dashboard';
import type { Address, PeerId, RunId } from '@murmuration/protocol';
import type {
  KeyStore,
  PageExamination,
  TabEnd,
  TabEvent,
  TabKey,
  TabStatus,
  TabWorker,
  TabWorkerOptions,
} from '@murmuration/worker/browser';

export const fakeOffer: JoinOffer = {
  runId: '20261122-0a1b2c3d' as RunId,
  name: 'mnist',
  model: 'mlp 784-256-128-10, 235,146 parameters, adamw',
  parameters: 235_146,
  protocolVersion: PROTOCOL_VERSION,
  open: true,
  reason: 'The run trains.',
  addresses: [],
  sameOrigin: true,
  tokenRequired: false,
  payment: { priceWei: '10000000000000000', depositWei: '100000000000000000000', symbol: 'ETH', decimals: 18 },
  microBatch: 32,
  numerics: 'fast',
  dataBytes: 54_950_032,
  stateBytes: 2_821_752,
  files: [],
};

export const fakeExamination: PageExamination = {
  secure: true,
  isolated: true,
  threads: 8,
  webgpu: { state: 'gpu', adapter: 'NVIDIA GeForce RTX 4070' },
  webrtc: true,
  webAssembly: true,
  indexedDb: true,
  backend: 'webgpu',
  advice: [],
};

export const fakeKey: TabKey = {
  raw: new Uint8Array(32).fill(7),
  peerId: '16Uiu2HAmQm3xT9aBfake' as PeerId,
  address: '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed' as Address,
  createdAt: 1_790_000_000_000,
  backedUp: false,
};

const BACKUP = 'murmuration-key-1 c0ffee';

export class FakeKeyStore implements KeyStore {
  key: TabKey | null;

  constructor(key: TabKey | null = null) {
    this.key = key;
  }

  load = async (): Promise<TabKey | null> => await Promise.resolve(this.key);
  create = async (): Promise<TabKey> => await Promise.resolve((this.key ??= fakeKey));
  backup = async (): Promise<string> => await Promise.resolve(BACKUP);
  restore = async (text: string): Promise<TabKey> => {
    if (text.trim() !== BACKUP)
      throw new Error('This is no backup of a key: its checksum does not fit. Copy it again, whole.');
    return await Promise.resolve((this.key = { ...fakeKey, backedUp: true }));
  };
  forget = async (): Promise<void> => await Promise.resolve(void (this.key = null));
  close = (): void => undefined;
}

export const idleStatus: TabStatus = {
  phase: 'starting',
  reason: 'The worker is being loaded.',
  peerId: fakeKey.peerId,
  payout: fakeKey.address,
  device: null,
  share: 1,
  hidden: false,
  round: null,
  stateHash: null,
  contributed: 0,
  accepted: 0,
  loss: null,
  samplesPerSecond: null,
  data: null,
  state: null,
  verified: 0,
  earnedWei: '0',
  paidWei: '0',
  problems: [],
  end: null,
};

/** Does nothing by itself: a test says what happens. */
export class FakeTabWorker implements TabWorker {
  readonly options: TabWorkerOptions;
  readonly calls: string[] = [];
  readonly ended: Promise<TabEnd>;
  status: TabStatus;
  readonly #listeners = new Set<(event: TabEvent, status: TabStatus) => void>();
  #end!: (end: TabEnd) => void;

  constructor(options: TabWorkerOptions) {
    this.options = options;
    this.status = { ...idleStatus, share: options.share };
    this.ended = new Promise((resolve) => (this.#end = resolve));
  }

  /** Something happened: the status changes, then whoever listens hears of it. */
  tell(event: TabEvent, changed: Partial<TabStatus> = {}): void {
    this.status = { ...this.status, ...changed };
    for (const listener of this.#listeners) listener(event, this.status);
  }

  phase(phase: TabStatus['phase'], reason = `It is ${phase}.`): void {
    this.tell({ event: 'tab.phase', phase, reason }, { phase, reason });
  }

  finish(end: TabEnd): void {
    this.tell({ event: 'tab.ended', ...end }, { phase: 'ended', reason: end.reason, end });
    this.#end(end);
  }

  subscribe(listener: (event: TabEvent, status: TabStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  pause(reason = 'You paused it.'): void {
    this.calls.push('pause');
    this.phase('paused', reason);
  }

  resume(): void {
    this.calls.push('resume');
    this.phase('connecting');
  }

  setShare(share: number): void {
    this.calls.push(`share ${share}`);
    this.tell({ event: 'tab.share', share }, { share });
  }

  async leave(reason: string): Promise<TabEnd> {
    this.calls.push(`leave ${reason}`);
    const end: TabEnd = { outcome: 'interrupted', code: 'LEFT', reason };
    this.finish(end);
    return await Promise.resolve(end);
  }
}
