/**
 * A tab's worker from the button to the end: sessions in the run one after another, since a pause leaves and comes back as a joiner.
 * Holding on instead would make every round wait for this tab, or assign it work that nobody does; leaving costs a download of the
 * model's state at the return.
 */
import { problemOf } from '../shell/report.ts';
import type { WorkerEnd } from '../shell/worker.ts';
import { openWorkerClock, type WorkerClock } from './clock/worker-clock.ts';
import { KeyInUseError, TabScriptError } from './errors.ts';
import type { TabEnd, TabEvent, TabStatus, TabWorker, TabWorkerOptions } from './face.ts';
import { lockKey } from './key-lock.ts';
import { Pacer } from './pacer.ts';
import { watchPage } from './page-events.ts';
import type { Session } from './session.ts';
import { foldStatus, initialStatus } from './status.ts';

type Listener = (event: TabEvent, status: TabStatus) => void;

/** What a tab that is hidden can expect; browsers differ and change their minds. */
const HIDDEN =
  'The tab is in the background. It goes on working, with timers of its own, but a browser may slow it down, and stops it when it saves energy or memory.';
const SHOWN = 'The tab is in front again.';

export class RunningTab implements TabWorker {
  readonly ended: Promise<TabEnd>;
  readonly #options: TabWorkerOptions;
  readonly #clock: WorkerClock = openWorkerClock();
  readonly #pacer: Pacer;
  readonly #listeners = new Set<Listener>();
  readonly #end = Promise.withResolvers<TabEnd>();
  readonly #unwatch: () => void;
  #status: TabStatus;
  #session: Session | null = null;
  /** Why the present session is being left; null while it isn't. */
  #leaving: { readonly forGood: boolean; readonly reason: string } | null = null;
  /** Whether it was the page that paused, and whether it has come back since. */
  #asleep = false;
  #wokenUp = false;
  #releaseKey: (() => void) | null = null;

  /** @throws RangeError when the share is none */
  constructor(options: TabWorkerOptions) {
    this.#options = options;
    this.#pacer = new Pacer(this.#clock, options.share);
    this.#status = initialStatus(options.share);
    this.ended = this.#end.promise;
    this.#unwatch = watchPage({
      visibility: (hidden) => this.#tell({ event: 'tab.visibility', hidden, reason: hidden ? HIDDEN : SHOWN }),
      sleep: (reason) => this.#sleep(reason),
      wake: () => this.#wake(),
      online: () => this.#session?.hurry(),
    });
    void this.#work();
  }

  get status(): TabStatus {
    return this.#status;
  }

  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  pause(reason = 'its owner paused it'): void {
    if (this.#isOver || this.#status.phase === 'paused') return;
    this.#leave({ forGood: false, reason });
  }

  resume(): void {
    if (this.#status.phase !== 'paused') return;
    this.#asleep = this.#wokenUp = false;
    this.#phase('starting', 'Coming back.');
    void this.#work();
  }

  setShare(share: number): void {
    this.#pacer.share = share;
    this.#tell({ event: 'tab.share', share });
  }

  leave(reason: string): Promise<TabEnd> {
    if (!this.#isOver) this.#leave({ forGood: true, reason });
    return this.ended;
  }

  get #isOver(): boolean {
    return this.#status.end !== null;
  }

  /** One session; what comes after it depends on why it ended. Never rejects. */
  async #work(): Promise<void> {
    this.#leaving = null;
    const end = await this.#stay().catch((error: unknown): WorkerEnd => {
      const { code, message } = problemOf(error);
      return { outcome: 'failed', code, reason: message };
    });
    this.#session = null;
    this.#afterwards(end, this.#leaving);
  }

  async #stay(): Promise<WorkerEnd> {
    await this.#holdKey();
    const { openSession } = await import('./session.ts').catch((cause: unknown) => {
      throw new TabScriptError({ cause });
    });
    const session = await openSession({
      options: this.#options,
      clock: this.#clock,
      pacer: this.#pacer,
      report: (report) => this.#tell(report),
      tell: (report) => this.#tell(report),
    });
    this.#session = session;
    // Somebody may have asked to leave while the scripts came.
    if (this.#leaving !== null) session.leave(this.#leaving.reason);
    return session.run();
  }

  async #holdKey(): Promise<void> {
    this.#releaseKey ??= await lockKey(this.#options.key.peerId);
    if (this.#releaseKey === null) throw new KeyInUseError();
  }

  #afterwards(end: WorkerEnd, leaving: { readonly forGood: boolean; readonly reason: string } | null): void {
    if (leaving === null || end.outcome === 'finished' || end.outcome === 'expelled') return this.#finish(end);
    if (leaving.forGood) return this.#finish({ outcome: 'interrupted', code: 'LEFT', reason: leaving.reason });
    this.#phase('paused', `Paused: ${leaving.reason}.`);
    // The page may have come back while the session was still being left.
    if (this.#wokenUp) this.resume();
  }

  /** A closed page that comes back (from the browser's cache of pages) goes on where its owner left it. */
  #sleep(reason: string): void {
    if (this.#isOver || this.#status.phase === 'paused' || this.#leaving !== null) return;
    this.#asleep = true;
    this.#leave({ forGood: false, reason });
  }

  #wake(): void {
    if (!this.#asleep) return;
    this.#wokenUp = true;
    this.resume();
  }

  #leave(leaving: { readonly forGood: boolean; readonly reason: string }): void {
    if (this.#status.phase === 'paused')
      return this.#afterwards({ outcome: 'interrupted', code: 'LEFT', reason: leaving.reason }, leaving);
    this.#leaving = leaving;
    this.#session?.leave(leaving.reason);
  }

  #finish(end: TabEnd): void {
    if (this.#isOver) return;
    this.#unwatch();
    this.#releaseKey?.();
    this.#clock.close();
    const { outcome, code, reason } = end;
    this.#tell({ event: 'tab.ended', outcome, code, reason });
    this.#end.resolve({ outcome, code, reason });
  }

  #phase(phase: TabStatus['phase'], reason: string): void {
    this.#tell({ event: 'tab.phase', phase, reason });
  }

  #tell(event: TabEvent): void {
    this.#status = foldStatus(this.#status, event);
    for (const listener of this.#listeners) listener(event, this.#status);
  }
}
