/**
 * A tab's worker from the button to the end: stays in the run one after another, since a pause leaves and comes back as a joiner.
 * Holding on instead would make every round wait for this tab, or assign it work that nobody does; leaving costs a download of the
 * model's state at the return.
 */
import { problemOf } from '../shell/report.ts';
import type { WorkerEnd } from '../shell/worker.ts';
import type { WorkerClock } from './clock/worker-clock.ts';
import { KeyInUseError } from './errors.ts';
import type { TabEnd, TabEvent, TabStatus, TabWorker, TabWorkerOptions } from './face.ts';
import { checkedShare, Pacer } from './pacer.ts';
import type { PageListener } from './page-events.ts';
import type { Session, SessionParts } from './session.ts';
import { foldStatus, initialStatus } from './status.ts';

/** What a tab's worker needs of its page. */
export interface TabPlatform {
  openClock(): WorkerClock;
  /** What lets go of the key; null when another tab holds it. */
  lockKey(peerId: string): Promise<(() => void) | null>;
  /** Returns what ends the watch. */
  watchPage(listener: PageListener): () => void;
  /** @throws TabScriptError, and what the session's own opening throws */
  openSession(parts: SessionParts): Promise<Session>;
}

type Listener = (event: TabEvent, status: TabStatus) => void;

/** Why a stay ends, and what comes after it. */
interface Leaving {
  readonly next: 'end' | 'pause' | 'resume';
  readonly reason: string;
}

/** What a tab that is hidden can expect; browsers differ and change their minds. */
const HIDDEN =
  'The tab is in the background. It goes on working, with timers of its own, but a browser may slow it down, and stops it when it saves energy or memory.';
const SHOWN = 'The tab is in front again.';

export class RunningTab implements TabWorker {
  readonly ended: Promise<TabEnd>;
  readonly #options: TabWorkerOptions;
  readonly #platform: TabPlatform;
  readonly #clock: WorkerClock;
  readonly #pacer: Pacer;
  readonly #listeners = new Set<Listener>();
  readonly #end = Promise.withResolvers<TabEnd>();
  readonly #unwatch: () => void;
  #status: TabStatus;
  #session: Session | null = null;
  /** Null while nobody wants the present stay to end. */
  #leaving: Leaving | null = null;
  /** It was the page that went to sleep, not its owner that paused. */
  #asleep = false;
  #releaseKey: (() => void) | null = null;

  /** @throws RangeError when the share is none */
  constructor(options: TabWorkerOptions, platform: TabPlatform) {
    this.#options = options;
    this.#platform = platform;
    this.#status = initialStatus(checkedShare(options.share));
    this.#clock = platform.openClock();
    this.#pacer = new Pacer(this.#clock, options.share);
    this.ended = this.#end.promise;
    this.#unwatch = platform.watchPage({
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
    this.#asleep = false;
    if (this.#isOver || this.#isPaused || this.#leaving?.next === 'end') return;
    this.#leave({ next: 'pause', reason });
  }

  resume(): void {
    this.#asleep = false;
    if (this.#isPaused) return this.#comeBack();
    // The stay that is being left must end before the next one: both would be the same member.
    if (this.#leaving?.next === 'pause') this.#leaving = { ...this.#leaving, next: 'resume' };
  }

  setShare(share: number): void {
    this.#pacer.share = share;
    this.#tell({ event: 'tab.share', share });
  }

  leave(reason: string): Promise<TabEnd> {
    if (this.#isPaused) this.#finish({ outcome: 'interrupted', code: 'LEFT', reason });
    else if (!this.#isOver) this.#leave({ next: 'end', reason });
    return this.ended;
  }

  get #isOver(): boolean {
    return this.#status.end !== null;
  }

  get #isPaused(): boolean {
    return this.#status.phase === 'paused';
  }

  #leave(leaving: Leaving): void {
    this.#leaving = leaving;
    this.#session?.leave(leaving.reason);
  }

  #comeBack(): void {
    this.#phase('starting', 'Coming back.');
    void this.#work();
  }

  /** One stay, and what comes after it. Never rejects. */
  async #work(): Promise<void> {
    this.#leaving = null;
    const end = await this.#stay().catch((error: unknown): TabEnd => {
      const { code, message } = problemOf(error);
      return { outcome: 'failed', code, reason: message };
    });
    this.#session = null;
    this.#afterwards(end, this.#leaving);
  }

  async #stay(): Promise<WorkerEnd> {
    this.#releaseKey ??= await this.#platform.lockKey(this.#options.key.peerId);
    if (this.#releaseKey === null) throw new KeyInUseError();
    const session = await this.#platform.openSession({
      options: this.#options,
      clock: this.#clock,
      pacer: this.#pacer,
      report: (report) => this.#tell(report),
      tell: (report) => this.#tell(report),
    });
    this.#session = session;
    // Somebody may have asked to leave while the scripts came.
    const leaving = this.#leaving;
    if (leaving !== null) session.leave(leaving.reason);
    return session.run();
  }

  /** A run that is over, or that threw this worker out, is over whatever was wanted meanwhile. */
  #afterwards(end: TabEnd, leaving: Leaving | null): void {
    if (leaving === null || end.outcome === 'finished' || end.outcome === 'expelled') return this.#finish(end);
    const { next, reason } = leaving;
    if (next === 'end') return this.#finish({ outcome: 'interrupted', code: 'LEFT', reason });
    if (next === 'resume') return this.#comeBack();
    this.#phase('paused', `Paused: ${reason}.`);
  }

  /** What is said to the run now is the page's last word, unless it wakes up again. */
  #sleep(reason: string): void {
    if (this.#isOver || this.#isPaused || this.#leaving !== null) return;
    this.#asleep = true;
    this.#leave({ next: 'pause', reason });
  }

  #wake(): void {
    if (this.#asleep) this.resume();
  }

  #finish({ outcome, code, reason }: TabEnd): void {
    this.#unwatch();
    this.#releaseKey?.();
    this.#clock.close();
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
