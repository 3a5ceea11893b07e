/** `@murmuration/worker/browser`: a volunteer's worker in a page. What is heavy is loaded when a worker starts. */
export { tabBackends } from './face.ts';
export type {
  ExaminePage,
  KeyStore,
  OpenKeyStore,
  PageExamination,
  StartTabWorker,
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
