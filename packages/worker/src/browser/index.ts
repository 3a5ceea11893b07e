/**
 * `@murmuration/worker/browser`: a volunteer's worker in a page. What is heavy is loaded when it is asked for, so that a page that
 * only shows its button stays small.
 */
import type { KeyStore, PageExamination, TabWorker, TabWorkerOptions } from './face.ts';
import { pagePlatform } from './page-platform.ts';
import { RunningTab } from './tab-worker.ts';

export { tabBackends } from './face.ts';
export type {
  KeyStore,
  PageExamination,
  TabBackend,
  TabEnd,
  TabEvent,
  TabKey,
  TabPhase,
  TabReport,
  TabReportOf,
  TabReportType,
  TabStatus,
  TabWorker,
  TabWorkerOptions,
} from './face.ts';
export { LEAST_SHARE } from './pacer.ts';
export { foldStatus, initialStatus } from './status.ts';

/**
 * Joins the run of the offer and works until it ends or is left. Returns at once: what becomes of it is told in events.
 * @throws RangeError unless {@link LEAST_SHARE} ≤ share ≤ 1
 */
export const startTabWorker = (options: TabWorkerOptions): TabWorker => new RunningTab(options, pagePlatform);

/** The key of this browser profile. @throws KeyStoreError where nothing can be stored */
export const openKeyStore = async (): Promise<KeyStore> => (await import('./keys/key-store.ts')).openKeyStore();

/** What this page can do, and what to do about what it can't. */
export const examinePage = async (): Promise<PageExamination> => (await import('./examine-page.ts')).examinePage();
