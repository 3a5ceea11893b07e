/**
 * Stands in for `@murmuration/worker/browser` in pages that tests build: the page is real, and its worker does what the
 * test says through `globalThis.fakeTab`.
 */
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
import { FakeKeyStore, FakeTabWorker, fakeExamination } from './fakes.ts';

/** What a test sets before the page loads, and calls while it runs. */
export interface FakeTab {
  readonly examination?: Partial<PageExamination>;
  readonly key?: TabKey;
  /** The last worker that was started; null before. */
  worker?: FakeTabWorker | null;
  tell?: (event: TabEvent, changed: Partial<TabStatus>) => void;
  finish?: (end: TabEnd) => void;
}

const page = globalThis as { fakeTab?: FakeTab };
const fake = (page.fakeTab ??= {});

export const LEAST_SHARE = 0.05;
export const tabBackends = ['auto', 'webgpu', 'exact'] as const;

export const examinePage = async (): Promise<PageExamination> =>
  await Promise.resolve({ ...fakeExamination, ...fake.examination });

const keys = new FakeKeyStore(fake.key ?? null);
export const openKeyStore = async (): Promise<KeyStore> => await Promise.resolve(keys);

export const startTabWorker = (options: TabWorkerOptions): TabWorker => {
  const worker = new FakeTabWorker(options);
  fake.worker = worker;
  fake.tell = (event, changed) => worker.tell(event, changed);
  fake.finish = (end) => worker.finish(end);
  return worker;
};
