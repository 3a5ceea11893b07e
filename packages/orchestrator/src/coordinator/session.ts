/**
 * One run from its first event to its last: network, journal, settlement, workers, and the machine between them. Used by
 * `run` and by `resume`, which differ only in the journal that is there already.
 */
import type {
  CoordinatorEffectOf,
  CoordinatorState,
  JournalEntry,
  MemberInfo,
  Round,
  RunId,
  Terms,
  TimerName,
} from '@murmuration/protocol';
import { milliseconds, PROTOCOL_VERSION } from '@murmuration/protocol';
import { createNode, originAddress, RelayRoster, serveFetch, Timers } from '@murmuration/protocol/net';
import type { Door, ListeningNode, NodeOptions } from '@murmuration/protocol/net';
import type { LoadedJob } from '../plan/load-job.ts';
import { planRun } from '../plan/plan.ts';
import type { RunPlan } from '../plan/plan.ts';
import { stateLayoutOf } from '../plan/state-layout.ts';
import { knownWorkers } from '../settlement/known-workers.ts';
import type { Settlement } from '../settlement/settlement.ts';
import { listCheckpoints } from '../store/checkpoint.ts';
import { JournalStore } from '../store/journal-store.ts';
import type { RunPaths } from '../store/run-directory.ts';
import { openToAll, type Admission } from './admission.ts';
import { coordinatorConfig } from './config.ts';
import { coordinationOf } from './coordination.ts';
import type { Coordination } from '../http/messages.ts';
import { ControlHub } from './control-hub.ts';
import { CoordinatorDriver } from './driver.ts';
import { listenAddresses, noteEndpoint } from './endpoint.ts';
import { exitCodes } from '../cli/exit-codes.ts';
import { RunFailedError, WorkerFailedError } from './errors.ts';
import { openSettlement } from './open-settlement.ts';
import { createPerformer } from './performer.ts';
import { loadSecrets } from './secrets.ts';
import type { RunSecrets } from './secrets.ts';
import { StateStore } from './state-store.ts';
import { isLoopback, lastWords, WorkerProcesses } from './worker-processes.ts';
import type { EndedWorker } from './worker-processes.ts';

/** What a session tells whoever shows it. */
export interface SessionObserver {
  readonly entry: (entry: JournalEntry) => void;
  readonly listening: (addresses: readonly string[]) => void;
  readonly spawned: (workers: readonly { readonly index: number; readonly pid: number }[]) => void;
  readonly workerEnded: (worker: EndedWorker) => void;
  readonly notice: (line: string) => void;
}

export interface SessionOptions {
  readonly loaded: LoadedJob;
  readonly runId: RunId;
  readonly paths: RunPaths;
  /** What the journal so far leads to; null for a new run. */
  readonly past: { readonly state: CoordinatorState; readonly last: JournalEntry } | null;
  readonly observer: SessionObserver;
  /** Who may join; everybody unless given. */
  readonly admission?: Admission;
  /** The pages' server, when there is one: its port takes peers, too. */
  readonly pages?: {
    /** As browsers name it. */
    readonly origin: URL;
    /** Other machines can open it. */
    readonly isPublic: boolean;
  };
  /** Where libp2p reports its figures. */
  readonly metrics?: NonNullable<NodeOptions['metrics']>;
  /** Where connections arrive that came in by the pages' port. */
  readonly door?: Door;
}

export type Ending = Omit<CoordinatorEffectOf<'finish'>, 'type'>;

/** Everything that must be closed again, whatever happened. */
interface Parts {
  readonly node: ListeningNode;
  readonly journal: JournalStore;
  readonly settlement: Settlement | null;
  readonly timers: Timers<TimerName>;
  readonly hub: ControlHub;
  readonly driver: CoordinatorDriver;
  readonly states: StateStore;
  readonly processes: WorkerProcesses;
}

const howEnded = ({ code, signal }: EndedWorker): string => signal ?? `exit code ${code}`;

/** A worker that can't even start would not start the next time either: the run fails with the worker's own reason. */
function failureOf(worker: EndedWorker): WorkerFailedError {
  const words = lastWords(worker.log);
  return new WorkerFailedError({
    ...worker,
    how: howEnded(worker),
    badInput: worker.code === exitCodes.badInput,
    words,
  });
}

export class Session {
  readonly #options: SessionOptions;
  readonly #plan: RunPlan;
  readonly #ended = Promise.withResolvers<Ending>();
  #parts: Parts | null = null;
  /** An interruption that came before the run could hear it. */
  #early: string | null = null;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#plan = planRun(options.loaded.spec, options.loaded.job);
    // Nobody may be waiting yet when it fails.
    this.#ended.promise.catch(() => undefined);
  }

  get plan(): RunPlan {
    return this.#plan;
  }

  get settlement(): Settlement | null {
    return this.#parts?.settlement ?? null;
  }

  get states(): StateStore {
    return this.#open.states;
  }

  /** The machine's state. */
  get state(): CoordinatorState | null {
    return this.#parts?.driver.state ?? null;
  }

  get #admission(): Admission {
    return this.#options.admission ?? openToAll;
  }

  get #open(): Parts {
    if (this.#parts === null) throw new RunFailedError({ why: 'the session is not open' });
    return this.#parts;
  }

  /** Opens everything and lets the run begin or go on. What it throws has left nothing running. */
  async start(): Promise<void> {
    const { loaded, observer, paths } = this.#options;
    const secrets = await loadSecrets(paths);
    const opened = new AsyncDisposableStack();
    try {
      this.#parts = await this.#build(secrets, opened);
      opened.move();
    } catch (error) {
      await opened.disposeAsync();
      throw error;
    }
    const { hub, node, driver, states, processes } = this.#parts;
    await serveFetch(node, (request) => states.answer(request));
    await hub.serve();
    noteEndpoint(paths, node.listening());
    observer.listening(node.addresses());
    this.#begin(driver, secrets);
    if (this.#early !== null) this.interrupt(this.#early);
    const phase = driver.state?.phase;
    // A finished run has nothing left to do but its books.
    if (phase?.name === 'over') return this.#ended.resolve(phase);
    observer.spawned(
      processes.start({
        workers: loaded.spec.workers,
        listening: node.listening(),
        confined: !this.#isPublic(),
        paths,
        dataDirectory: loaded.directory,
        token: this.#admission.ownToken,
        ended: (worker) => this.#workerEnded(worker),
      }),
    );
  }

  /** What the run gives to members through the server of its pages. */
  coordination(): Promise<Coordination> {
    const { loaded, runId, door } = this.#options;
    return coordinationOf({
      loaded,
      runId,
      peerId: this.#open.node.peerId,
      stateBytes: this.#plan.stateBytes,
      tokenRequired: this.#admission.ownToken !== null,
      peers: door?.address ?? null,
    });
  }

  /** Settles when the run is over. @throws what broke the machine or the journal */
  finished(): Promise<Ending> {
    return this.#ended.promise;
  }

  /** Asks the run to end in good order; the second time, at once. */
  interrupt(reason: string): void {
    const driver = this.#parts?.driver;
    if (driver === undefined || driver.state === null) this.#early = reason;
    else this.#guarded(() => driver.dispatch({ type: 'interrupted', reason }));
  }

  /** Stops workers and closes everything; returns when nothing is left running. */
  async close(): Promise<void> {
    const parts = this.#parts;
    if (parts === null) return;
    this.#parts = null;
    parts.driver.stop();
    parts.timers.cancelAll();
    await parts.hub.close();
    await parts.processes.stop();
    await parts.node.stop();
    await parts.settlement?.close();
    parts.journal.close();
  }

  async #build(secrets: RunSecrets, opened: AsyncDisposableStack): Promise<Parts> {
    const { loaded, paths, runId, past, observer } = this.#options;
    const roster = new RelayRoster();
    const node = await this.#listen(secrets, roster);
    opened.defer(() => node.stop());
    const settlement = await openSettlement({ loaded, runId, paths, past, log: observer.notice }, secrets);
    opened.defer(() => settlement?.close());
    const journal = JournalStore.write(paths.journal);
    opened.defer(() => journal.close());
    for (const [worker, registration] of knownWorkers(journal.entries())) settlement?.note(worker, registration);
    const dispatch = (happening: Parameters<CoordinatorDriver['dispatch']>[0]): void =>
      this.#guarded(() => driver.dispatch(happening));
    const timers = new Timers<TimerName>((name) => dispatch({ type: 'timer', name }));
    const states = new StateStore({
      runId,
      node,
      checkpoints: paths.checkpoints,
      layout: this.#plan.layout,
      stateLayout: stateLayoutOf(loaded.job, this.#plan.layout),
      journalLength: () => driver.journalLength,
    });
    const terms: Terms = {
      type: 'terms',
      protocolVersion: PROTOCOL_VERSION,
      runId,
      job: loaded.job,
      registration: settlement?.registration ?? null,
    };
    const hub = new ControlHub({
      node,
      terms,
      admission: this.#admission,
      roster,
      settlement,
      state: () => driver.state,
      dispatch,
      warn: observer.notice,
    });
    const perform = createPerformer({
      hub,
      timers,
      states,
      settlement,
      dispatch,
      finish: (ending) => this.#ended.resolve(ending),
    });
    const driver = new CoordinatorDriver(
      { append: (entry) => journal.append(entry), perform, observe: observer.entry, now: Date.now },
      past,
    );
    return { node, journal, settlement, timers, hub, driver, states, processes: new WorkerProcesses() };
  }

  async #listen({ privateKey }: RunSecrets, relay: RelayRoster): Promise<ListeningNode> {
    const {
      metrics,
      door,
      pages,
      loaded: { spec },
    } = this.#options;
    const { announce, failureTimeout } = spec.network;
    const listen = listenAddresses(this.#options.paths, spec.network.listen);
    return createNode({
      privateKey,
      listen,
      announce,
      alsoAnnounce: pages === undefined ? [] : [originAddress(pages.origin)],
      relay,
      failureTimeout: milliseconds(failureTimeout),
      ...(metrics === undefined ? {} : { metrics }),
      ...(door === undefined ? {} : { door }),
    });
  }

  /** Whether anybody on another machine can come into the run. */
  #isPublic(): boolean {
    const { pages, loaded } = this.#options;
    const { listen, announce } = loaded.spec.network;
    return pages?.isPublic === true || [...listen, ...announce].some((address) => !isLoopback(address));
  }

  #begin(driver: CoordinatorDriver, { auditSecret }: RunSecrets): void {
    const { loaded, runId, paths, past } = this.#options;
    const { node, settlement, states } = this.#open;
    const self: MemberInfo = { peerId: node.peerId, addresses: node.addresses() };
    if (past === null) {
      const startState = loaded.start === null ? null : states.begin(loaded.start).stateHash;
      const config = coordinatorConfig(loaded, {
        runId,
        plan: this.#plan,
        self,
        payment: settlement?.config ?? null,
        startState,
      });
      driver.dispatch({ type: 'started', config, auditSecret });
      return;
    }
    const recorded = new Set([...past.state.checkpoints, past.state.checkpointing].map((known) => known?.round));
    const newest = listCheckpoints(paths.checkpoints).find(({ round }) => recorded.has(round as Round));
    if (newest !== undefined) states.load(newest.directory);
    const checkpoint =
      states.newest === null ? null : { round: states.newest.round, stateHash: states.newest.stateHash };
    // Spawned workers ended with their coordinator; only volunteers can still hold a newer state, and they redial soon.
    driver.dispatch({
      type: 'resumed',
      checkpoint,
      waitForHolders: milliseconds(3 * loaded.spec.network.failureTimeout),
      self,
    });
  }

  #workerEnded(worker: EndedWorker): void {
    const { observer } = this.#options;
    observer.workerEnded(worker);
    const { state } = this;
    if (state === null || ['closing', 'over'].includes(state.phase.name)) return;
    if (state.committed === 0 && worker.code !== 0 && worker.code !== null) this.#ended.reject(failureOf(worker));
    const present = Object.values(state.members).some(({ status }) => !['lost', 'left', 'expelled'].includes(status));
    if (worker.left === 0 && !present)
      this.#ended.reject(
        new RunFailedError({
          why: `all workers of this machine have ended, the last with ${howEnded(worker)}, see ${worker.log}`,
        }),
      );
  }

  /** A defect in the machine or a full disk under the journal ends the run, with its reason. */
  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#parts?.driver.stop();
      this.#ended.reject(error);
    }
  }
}
