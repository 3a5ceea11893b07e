/** The suites by name. Each is loaded when it is asked for: one may need packages that another does without. */
import type { Suite } from '../suite.ts';

interface SuiteEntry {
  /** One line for `--help`, with the settings that the suite takes. */
  readonly summary: string;
  load(): Promise<Suite>;
}

/** Settings of the suites that compare contenders (`work/field-options.ts`). */
const FIELD =
  'python=PATH, threads=N, spin=yes, adapter=system|swiftshader, only=NAME,…, budget=SECONDS, patience=SECONDS';

export const suites: Readonly<Record<string, SuiteEntry>> = {
  kernels: {
    summary: `matmul, attention, norms, reductions, convolutions beside the peers’ (--set ${FIELD}, works=TEXT)`,
    load: async () => (await import('./kernels.ts')).kernels,
  },
  'train-step': {
    summary: `a training step of an MLP, a GPT and a convnet on each backend and on its peers (--set ${FIELD})`,
    load: async () => (await import('./train-step.ts')).trainStep,
  },
  compile: {
    summary: `from process start to the first GPT step, caches empty and filled (--set ${FIELD}, repetitions=N)`,
    load: async () => (await import('./compile.ts')).compile,
  },
  'all-reduce': {
    summary:
      'the all-reduce between 2 and 3 processes on loopback, beside a bare TCP ring and gloo (--set python=PATH, interface=NAME)',
    load: async () => (await import('./all-reduce.ts')).allReduce,
  },
  'end-to-end': {
    summary:
      'orchestrate run with 1 to 3 workers, without audits and with pay, beside one process (--set rounds=N, repetitions=N)',
    load: async () => (await import('./end-to-end.ts')).endToEnd,
  },
  dashboard: {
    summary:
      'a run’s pages answered: first snapshot, index, memory, each question (--set members=N, rounds=N, contributors=N, folder=PATH)',
    load: async () => (await import('./dashboard.ts')).dashboard,
  },
  join: {
    summary:
      'from a link to the first accepted micro-batch of a browser tab, caches empty, on SwiftShader (--set repetitions=N)',
    load: async () => (await import('./join.ts')).joinSuite,
  },
  hostile: {
    summary:
      'rounds a second while strangers misuse a run’s pages or forge contributions (--set repetitions=N, seconds=N)',
    load: async () => (await import('./hostile.ts')).hostile,
  },
  cost: {
    summary: 'measured throughput × worker price beside dated cloud list prices (--set worker-price=DOLLARS_PER_HOUR)',
    load: async () => (await import('./cost.ts')).cost,
  },
};
