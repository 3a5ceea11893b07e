/** What a benchmark suite is, and what it may be told. */
import type { SuiteResult } from './harness/report.ts';

export interface SuiteOptions {
  /** Fewer and smaller runs: shows that the suite works, not how fast anything is. */
  readonly quick: boolean;
  /** Says what is going on; never to standard output, which `--json` owns. */
  readonly log: (line: string) => void;
  /** Suite-specific settings from the command line, `--set name=value`. */
  readonly settings: Readonly<Record<string, string>>;
}

export type Suite = (options: SuiteOptions) => Promise<SuiteResult>;
