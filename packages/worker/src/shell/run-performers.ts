/** Performs the effects that need a run: a member's arithmetic, its part of the collective, its state and its audits. */
import type { Secp256k1PrivateKey } from '@libp2p/interface';
import type { BucketFrame, PeerId } from '@murmuration/protocol';
import type { BucketLinks, BucketReceiver, FetchAnswer, MurmurationNode } from '@murmuration/protocol/net-core';
import type { FetchRequest } from '@murmuration/protocol';
import { reExecute } from '../audit/re-execute.ts';
import { Collective } from '../collective/collective.ts';
import { Inbound } from '../collective/inbound.ts';
import type { ComputeQueue } from '../compute/compute-queue.ts';
import { Trainer } from '../compute/trainer.ts';
import { answerFetch } from '../sync/serve.ts';
import { Updater } from '../sync/updater.ts';
import type { Faults } from './faults.ts';
import { NoRunError } from './errors.ts';
import type { Happening, Performers } from './member-loop.ts';
import { startOf, type Run } from './prepare-run.ts';
import { problemOf, type Reporter } from './report.ts';

export interface RunPerformersParts {
  readonly run: Run;
  readonly node: MurmurationNode;
  readonly key: Secp256k1PrivateKey;
  readonly queue: ComputeQueue;
  readonly links: BucketLinks;
  readonly faults: Faults;
  readonly report: Reporter;
  readonly tell: (happening: Happening) => void;
}

const runEffects = [
  'initialise',
  'fetchState',
  'compute',
  'cancelCompute',
  'pushContribution',
  'reduce',
  'pushReduced',
  'fetchReduced',
  'retain',
  'release',
  'discard',
  'apply',
  'evaluate',
  'audit',
] as const;
type RunEffect = (typeof runEffects)[number];

/** One run in this process: what its effects do, and what its peers get. */
export interface ActiveRun {
  readonly run: Run;
  readonly performers: Pick<Performers, RunEffect>;
  readonly inbound: BucketReceiver;
  answer(request: FetchRequest): FetchAnswer;
  /** Own micro-batches under a round, for reports. */
  contributedTo(round: number): number;
}

export function activate(parts: RunPerformersParts): ActiveRun {
  const { run, node, key, queue, links, faults, report, tell } = parts;
  const {
    cut,
    runId,
    kernels: { vectors },
    summation,
    replica,
    kept,
    own,
    received,
    reduced,
    gradient,
    runner,
  } = run;
  const shared = {
    node,
    runId,
    cut,
    summation,
    replica,
    kept,
    own,
    received,
    reduced,
    gradient,
    runner,
    queue,
    faults,
  };
  const trainer = new Trainer({ ...shared, key, program: run.program });
  const collective = new Collective({ ...shared, self: node.peerId, links });
  const updater = new Updater({
    ...shared,
    start: () => startOf(run.job),
    onProgress: (round, received) => report({ event: 'worker.syncing', round, received, bytes: replica.byteLength }),
  });
  const performers: Pick<Performers, RunEffect> = {
    initialise: () => updater.initialise(),
    async fetchState(effect) {
      if (effect.sources.length === 0 && replica.round === effect.round && replica.stateHash === effect.stateHash)
        return { type: 'stateHeld', round: effect.round, stateHash: effect.stateHash };
      const held = await updater.fetchState(effect);
      if (held !== null) report({ event: 'worker.synced', round: effect.round, bytes: replica.byteLength });
      return held;
    },
    async compute(effect) {
      const computed = await trainer.compute(effect);
      if (computed === null) return null;
      const { round, samples, lossSum, computeMs } = computed;
      report({
        event: 'worker.contributed',
        round,
        microBatches: effect.microBatches.length,
        samples,
        loss: lossSum / samples,
        computeMs,
      });
      return computed;
    },
    cancelCompute: ({ assignment }) => trainer.cancel(assignment),
    pushContribution: (effect) => collective.pushContribution(effect),
    reduce: (effect) => collective.reduce(effect),
    pushReduced: (effect) => collective.pushReduced(effect),
    fetchReduced: (effect) => updater.fetchReduced(effect),
    retain: (effect) => updater.retain(effect),
    release: (effect) => updater.release(effect),
    discard: (effect) => updater.discard(effect),
    apply: (effect) => updater.apply(effect),
    evaluate: (effect) => trainer.evaluate(effect),
    async audit({ type: _type, ...task }) {
      const result = await reExecute(shared, task, kept.parametersAt(task.round)).catch((error: unknown) => {
        report(problemOf(error));
        return { outcome: 'expired' as const, relativeError: null, reason: problemOf(error).message.slice(0, 1024) };
      });
      report({ event: 'worker.audited', audit: task.audit, ...result });
      return { type: 'audited', audit: task.audit, ...result };
    },
  };
  return {
    run,
    performers,
    inbound: new Inbound({ runId, cut, vectors, summation, received, reduced, tell }),
    answer: (request) => answerFetch(run, request),
    contributedTo: (round) => own.microBatchesOf(round),
  };
}

/** Effects of a run go to the run that is active when they are asked for. */
export function delegate(active: () => ActiveRun | null): ActiveRun['performers'] {
  const table = runEffects.map((type) => [
    type,
    (effect: never) => {
      const run = active();
      if (run === null) throw new NoRunError({ effect: type });
      return run.performers[type](effect);
    },
  ]);
  return Object.fromEntries(table) as ActiveRun['performers'];
}

/** Before a member is in a run, frames have no place to go: they are read and dropped. */
export const dropFrames: BucketReceiver = {
  destination: (_peer: PeerId, _frame: BucketFrame, bodyLength: number) => new Uint8Array(bodyLength),
  received: () => undefined,
};
