/** One seeded run from the first event to the last, with every invariant checked on the way. */
import { hash, address, runId } from '../core/ids.ts';
import { milliseconds } from '../core/units.ts';
import type { CoordinatorConfig } from '../machines/coordinator/config.ts';
import type { CoordinatorState } from '../machines/coordinator/state.ts';
import type { JournalEntry } from '../journal/events.ts';
import { invariant } from './errors.ts';
import type { Weather } from './weather.ts';
import type { MemberEffect } from '../machines/member/effects.ts';
import type { Lie } from './lies.ts';
import type { SimWorker } from './sim-worker.ts';
import { World } from './world.ts';

export interface SimulationOptions {
  readonly seed: number;
  readonly weather: Weather;
  readonly rounds: number;
  readonly workers?: number;
  readonly liars?: number;
  /** What the liars lie about. */
  readonly lie?: Lie;
  readonly fleeing?: boolean;
  readonly wire?: boolean;
  /** Which of the workers, in the order in which they come, cannot be dialled. */
  readonly isClient?: (index: number) => boolean;
  readonly config?: Partial<CoordinatorConfig>;
  readonly afterEffect?: (world: World, worker: SimWorker, effect: MemberEffect) => void;
}

export interface SimulationResult {
  readonly state: CoordinatorState;
  readonly journal: readonly JournalEntry[];
  readonly committedRounds: number;
  readonly virtualMs: number;
  readonly outcome: string;
  readonly log: readonly string[];
}

/** Virtual time within which a run with enough workers must end, per round. */
const PATIENCE = 60_000;

const simulatedConfig = (rounds: number): Omit<CoordinatorConfig, 'self' | 'job'> => ({
  runId: runId('sim-00000001'),
  rounds,
  microBatchesPerRound: 12,
  microBatchSize: 4,
  buckets: 3,
  startMembers: 3,
  minMembers: 1,
  maxMembers: 16,
  assignment: 'adaptive',
  failureTimeout: milliseconds(1_000),
  gatherTimeout: null,
  evaluation: { every: 20, samples: 100 },
  checkpointEvery: 10,
  audit: { rate: 0.5, floor: 0.1, window: 4, accept: 5e-5, escalate: 2e-4 },
  payment: {
    epochRounds: 10,
    microBatchWei: '1000',
    budgetWei: '1000000000000',
    attestations: 1,
    chainId: 31_337,
    settlement: address(`0x${'5'.repeat(40)}`),
    jobId: hash(`0x${'7'.repeat(64)}`),
  },
});

/** @throws InvariantError */
export function simulate({
  seed,
  weather,
  rounds,
  workers = 4,
  liars = 0,
  lie = 'contribution',
  fleeing = false,
  wire = false,
  isClient = () => false,
  config = {},
  afterEffect,
}: SimulationOptions): SimulationResult {
  const world = new World({
    seed,
    weather,
    workers,
    liars,
    lie,
    fleeing,
    wire,
    isClient,
    config: { ...simulatedConfig(rounds), ...config },
    afterEffect,
  });
  world.begin();
  const limit = PATIENCE * (rounds + 10);
  while (world.coordinator.finish === null && world.scheduler.step()) {
    invariant(
      world.scheduler.now < limit,
      'the run comes to its end',
      () => `at ${world.coordinator.state.committed} of ${rounds} rounds, ${world.coordinator.state.phase.name}`,
    );
  }
  const { state, journal, finish } = world.coordinator;
  world.coordinator.checkReplay();
  checkSplit(state);
  return {
    state,
    journal,
    committedRounds: world.oracle.committedRounds,
    virtualMs: world.scheduler.now,
    outcome: finish?.outcome ?? 'none',
    log: world.log,
  };
}

/** Each account's micro-batches are verified, forfeited or open. */
function checkSplit({ accounts }: CoordinatorState): void {
  for (const { peerId, trained, verified, forfeited, unsettled } of Object.values(accounts)) {
    const open = unsettled.reduce((sum, { microBatches }) => sum + microBatches, 0);
    invariant(
      trained === verified + forfeited + open,
      'an account adds up',
      () => `${peerId}: ${trained} trained, ${verified} verified, ${forfeited} forfeited, ${open} open`,
    );
  }
}
