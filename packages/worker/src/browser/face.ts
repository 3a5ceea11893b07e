/** What a page that joins a run says to its worker, and hears from it. Types alone: nothing is loaded for them. */
import type { Address, PeerId } from '@murmuration/protocol';
import type { JoinOffer } from '@murmuration/protocol/dashboard';
import type { WorkerReport } from '../shell/report.ts';

/** Backends that a page has. `auto` takes a real GPU, else measures what is there. */
export const tabBackends = ['auto', 'webgpu', 'exact'] as const;
export type TabBackend = (typeof tabBackends)[number];

/** The key of this browser profile: libp2p identity and EVM account at once. Whoever has `raw` has its pay. */
export interface TabKey {
  /** The secret scalar `[32]`. */
  readonly raw: Uint8Array;
  readonly peerId: PeerId;
  /** The account of the key, EIP-55. Pay goes there unless another payout address is given. */
  readonly address: Address;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** Whether its backup text was asked for, or it came from one. */
  readonly backedUp: boolean;
}

/** Keeps the key in IndexedDB. One key a browser profile and origin; several tabs share it, but only one may work at a time. */
export interface KeyStore {
  /** The key that is kept here; null when there is none. @throws KeyStoreError */
  load(): Promise<TabKey | null>;
  /** Makes a key and keeps it; the one that is there already if there is one. @throws KeyStoreError */
  create(): Promise<TabKey>;
  /** The text for a person to save: it holds the secret and a checksum. Marks the key as backed up. @throws KeyStoreError */
  backup(): Promise<string>;
  /** Takes over the key of a backup in place of the present one. @throws BackupTextError saying what is wrong with it, KeyStoreError */
  restore(text: string): Promise<TabKey>;
  /** Deletes the key. What it earned is lost unless it was backed up. @throws KeyStoreError */
  forget(): Promise<void>;
  close(): void;
}

export interface TabWorkerOptions {
  readonly offer: JoinOffer;
  /** Where the page came from, `https://host[:port]`: data come from there, and the coordinator is dialled there if the offer says so. */
  readonly origin: string;
  /** From the link's fragment; null where the offer asks for none. */
  readonly token: string | null;
  readonly key: TabKey;
  /** Where pay goes, EIP-55; null: to the key's own account. */
  readonly payout: Address | null;
  readonly backend: TabBackend;
  /** Part of the time that the device computes, from `LEAST_SHARE` to 1. */
  readonly share: number;
}

/**
 * Where a tab's worker is. `paused` has left the run and comes back as a joiner with the same key: its micro-batches are others' at once, so no
 * round waits for somebody who went to lunch.
 */
export type TabPhase =
  | 'starting'
  | 'connecting'
  | 'preparing'
  | 'synchronising'
  | 'training'
  | 'reconnecting'
  | 'paused'
  | 'ended';

interface TabReportTable {
  /** The worker came to another phase. `reason` is a sentence for people. */
  'tab.phase': { readonly phase: TabPhase; readonly reason: string };
  /** Bytes of the job's data files that are here, of `bytes` in all; those that were `cached` needed no download. */
  'tab.data': { readonly received: number; readonly cached: number; readonly bytes: number };
  'tab.share': { readonly share: number };
  /** The tab went to the background or came back; `reason` says what that means for its work. */
  'tab.visibility': { readonly hidden: boolean; readonly reason: string };
  'tab.ended': TabEnd;
}

export type TabReportType = keyof TabReportTable;
export type TabReportOf<T extends TabReportType> = { readonly event: T } & TabReportTable[T];
export type TabReport = { [T in TabReportType]: TabReportOf<T> }[TabReportType];
/** What the worker tells wherever it runs (`worker.…`), and what only a tab tells (`tab.…`). */
export type TabEvent = WorkerReport | TabReport;

/** How it ended. `finished`: the run did. `interrupted`: by {@link TabWorker.leave}. The others with the error's code and its sentences. */
export interface TabEnd {
  readonly outcome: 'finished' | 'interrupted' | 'expelled' | 'refused' | 'failed';
  readonly code: string;
  readonly reason: string;
}

/** Everything said so far, folded: what a page shows. Each event makes a new object. */
export interface TabStatus {
  readonly phase: TabPhase;
  readonly reason: string;
  readonly peerId: string | null;
  readonly payout: string | null;
  readonly device: {
    readonly backend: string;
    readonly adapter: string;
    readonly kind: 'gpu' | 'software' | 'cpu';
    /** Why this one. */
    readonly reason: string;
    readonly memoryBytes: number | null;
  } | null;
  readonly share: number;
  readonly hidden: boolean;
  /** The round that the state stands at. */
  readonly round: number | null;
  readonly stateHash: string | null;
  /** Micro-batches that were contributed, and those of them that came into a committed state. */
  readonly contributed: number;
  readonly accepted: number;
  /** Of the last contribution: mean loss, and samples a second with the pauses that the share asks for. */
  readonly loss: number | null;
  readonly samplesPerSecond: number | null;
  readonly data: { readonly received: number; readonly cached: number; readonly bytes: number } | null;
  readonly state: { readonly received: number; readonly bytes: number } | null;
  /** Micro-batches that the last settled epoch pays, and the pay in all, decimal text. */
  readonly verified: number;
  readonly earnedWei: string;
  readonly paidWei: string;
  /** The newest last, at most 20: problems, refusals, lost connections, each a sentence with its code. */
  readonly problems: readonly { readonly code: string; readonly message: string }[];
  readonly end: TabEnd | null;
}

export interface TabWorker {
  readonly status: TabStatus;
  /** Calls back with each event from now on, after `status` has taken it in. Returns what ends that. */
  subscribe(listener: (event: TabEvent, status: TabStatus) => void): () => void;
  /** Leaves the run in good order, keeping the key and the data. Does nothing when paused or over. */
  pause(reason?: string): void;
  /** Joins again. Does nothing unless paused. */
  resume(): void;
  /** @throws RangeError unless `LEAST_SHARE` ≤ share ≤ 1 */
  setShare(share: number): void;
  /** Leaves for good. */
  leave(reason: string): Promise<TabEnd>;
  /** Resolves when it is over, whatever ended it; never rejects. */
  readonly ended: Promise<TabEnd>;
}

/** What a page can do, looked at without asking anything of the user. */
export interface PageExamination {
  /** https, or a page from this machine: without it a browser gives no WebGPU and no key store. */
  readonly secure: boolean;
  /** COOP and COEP are set, so that threads share memory. */
  readonly isolated: boolean;
  readonly threads: number;
  readonly webgpu: {
    readonly state: 'gpu' | 'software' | 'no adapter' | 'missing';
    /** The adapter's name; null where there is none. */
    readonly adapter: string | null;
  };
  readonly webrtc: boolean;
  readonly webAssembly: boolean;
  readonly indexedDb: boolean;
  /** What would compute with `auto`; null: this page cannot work at all. */
  readonly backend: 'webgpu' | 'exact' | 'measure' | null;
  /** Whole sentences for people, the most important first: what is missing, what that costs, what to do about it. */
  readonly advice: readonly {
    readonly code: string;
    readonly severity: 'stop' | 'slow' | 'hint';
    readonly text: string;
  }[];
}
