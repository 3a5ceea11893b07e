/** The page's memory and what its buttons do. Everything outside comes in by a {@link JoinEnvironment}. */
import { batch, computed, signal } from '@preact/signals';
import type { Signal } from '@preact/signals';
import type { JoinOffer } from '@murmuration/protocol/dashboard';
import type { PageExamination, TabBackend, TabEvent, TabStatus, TabWorker } from '@murmuration/worker/browser';
import { Announcer } from './announcer.ts';
import { loadChoices, saveChoices } from './choices.ts';
import type { Choices } from './choices.ts';
import type { JoinEnvironment, WorkerFace } from './environment.ts';
import { KeyModel } from './key-model.ts';
import { PaceMeter } from './pace.ts';
import { pageState } from './page-state.ts';
import type { LookProblem } from './page-state.ts';
import { PayoutModel } from './payout-model.ts';
import { failed } from './said.ts';
import type { Said } from './said.ts';
import { ScreenLock } from './screen-lock.ts';
import { cleanToken, keepToken, takeToken } from './token.ts';

/** How often a server is asked again that does not answer, or not yet. */
const ASK_AGAIN_MS = 2000;
/** A page that is painted ten times a second is live enough, however fast events come. */
const PAINT_MS = 100;

export class JoinModel {
  readonly offer = signal<JoinOffer | null>(null);
  readonly examination = signal<PageExamination | null>(null);
  readonly status = signal<TabStatus | null>(null);
  /** The button was pressed, and the worker is not there yet. */
  readonly starting = signal(false);
  /** Why pressing the button came to nothing. */
  readonly said = signal<Said | null>(null);
  readonly choices: Signal<Choices>;
  readonly key: KeyModel;
  readonly payout: PayoutModel;
  readonly pace = { data: new PaceMeter(), state: new PaceMeter() };
  readonly announcer = new Announcer();
  readonly screenLock: ScreenLock;
  readonly #environment: JoinEnvironment;
  readonly #lookProblem = signal<LookProblem | null>(null);
  readonly #token: Signal<string | null>;
  readonly #tokenProblem = signal<string | null>(null);
  #face: WorkerFace | null = null;
  #worker: TabWorker | null = null;
  #painting = false;
  #hidden = false;
  /** The tab paused by itself, because it is hidden; a person's own pause outlasts that. */
  #pausedForHidden = false;

  constructor(environment: JoinEnvironment) {
    this.#environment = environment;
    this.choices = signal(loadChoices(environment.storage));
    this.screenLock = new ScreenLock(environment.wakeLock);
    this.#token = signal(takeToken(environment.tokenPlace));
    this.key = new KeyModel(environment.backup);
    this.payout = new PayoutModel(
      computed(() => this.choices.value.payout),
      (payout) => this.choose({ payout }),
    );
    environment.watchWallets((wallets) => (this.payout.wallets.value = wallets));
    environment.watchVisibility((hidden) => this.#seen(hidden));
  }

  /** What to show. */
  readonly state = computed(() =>
    pageState({
      offer: this.offer.value,
      offerProblem: this.#lookProblem.value,
      examination: this.examination.value,
      token: this.#token.value,
      tokenProblem: this.#tokenProblem.value,
      status: this.status.value,
      backend: this.choices.value.backend,
      wasHere: this.choices.value.lastRun !== null && this.choices.value.lastRun === this.offer.value?.runId,
    }),
  );

  /** Whether a worker is at work, so that what it was started with cannot be changed. */
  readonly busy = computed(() => this.starting.value || this.state.value.kind === 'working');

  /** Asks the server what there is to join, and the browser what it can. What went before is over. */
  async look(): Promise<void> {
    batch(() => {
      this.said.value = null;
      if (this.status.value?.end) this.status.value = null;
    });
    try {
      await Promise.all([this.#askOffer(), this.#examine()]);
      this.#lookProblem.value = null;
    } catch (error) {
      this.#puzzled(error);
    }
  }

  /** A server that is starting or has gone for a moment is asked again by the page itself. */
  #puzzled(error: unknown): void {
    const { code, status } = error as { code?: unknown; status?: unknown };
    const passing = status === 0 || status === 503;
    this.#lookProblem.value = {
      code: typeof code === 'string' ? code : 'UNEXPECTED',
      message: failed(error).text,
      passing,
    };
    if (passing) this.#environment.later(ASK_AGAIN_MS, () => void this.look());
  }

  async #askOffer(): Promise<void> {
    this.offer.value = await this.#environment.askOffer();
  }

  async #examine(): Promise<void> {
    this.#face ??= await this.#environment.loadFace();
    const examination = await this.#face.examinePage();
    if (examination.secure && examination.indexedDb) await this.key.open(this.#face.openKeyStore);
    this.examination.value = examination;
  }

  choose(changed: Partial<Choices>): void {
    this.choices.value = { ...this.choices.value, ...changed };
    saveChoices(this.#environment.storage, this.choices.value);
    if (changed.share !== undefined) this.#worker?.setShare(changed.share);
    if (changed.background !== undefined) this.#mindHidden();
    this.#mindScreen();
  }

  /** Takes a token that somebody pasted, alone or in its link. */
  useToken(text: string): void {
    const token = cleanToken(text);
    batch(() => {
      this.#tokenProblem.value =
        token === null
          ? 'That is no token. Paste the whole link that you were sent, or what stands after #token= in it.'
          : null;
      this.status.value = null;
      if (token !== null) this.#token.value = token;
    });
    if (token !== null) keepToken(this.#environment.tokenPlace.storage, token);
  }

  /** Joins the run. Does nothing while a worker is there or the payout address is wrong. */
  async join(backend: TabBackend): Promise<void> {
    if (this.busy.value || this.payout.payout.value.problem !== null) return;
    batch(() => {
      this.starting.value = true;
      this.said.value = null;
    });
    try {
      await this.#start(backend);
    } catch (error) {
      this.said.value = failed(error);
    } finally {
      this.starting.value = false;
    }
  }

  async #start(backend: TabBackend): Promise<void> {
    const offer = this.offer.value;
    if (this.#face === null || offer === null) return;
    const worker = this.#face.startTabWorker({
      offer,
      origin: this.#environment.origin,
      token: this.#token.value,
      key: await this.key.take(),
      payout: offer.payment === null ? null : this.payout.payout.value.address,
      backend,
      share: this.choices.value.share,
    });
    this.#worker = worker;
    worker.subscribe((event, status) => this.#hear(event, status));
    void worker.ended.then(() => this.#over(worker));
    this.status.value = worker.status;
    this.choose({ lastRun: offer.runId });
    this.#mindHidden();
  }

  #hear(event: TabEvent, status: TabStatus): void {
    const now = this.#environment.now();
    if (event.event === 'tab.data') this.pace.data.see(event.received, now);
    if (event.event === 'worker.syncing') this.pace.state.see(event.received, now);
    this.announcer.hear(event, status);
    if (this.#painting) return;
    this.#painting = true;
    this.#environment.later(PAINT_MS, () => this.#paint());
  }

  #paint(): void {
    this.#painting = false;
    if (this.#worker !== null) this.status.value = this.#worker.status;
    this.#mindScreen();
  }

  #over(worker: TabWorker): void {
    this.#worker = null;
    this.status.value = worker.status;
    this.#mindScreen();
  }

  pause(): void {
    this.#pausedForHidden = false;
    this.#worker?.pause();
  }

  resume(): void {
    this.#pausedForHidden = false;
    this.#worker?.resume();
  }

  /** Leaves for good: a person pressed the button, so the next visit begins anew. */
  async leave(): Promise<void> {
    this.choose({ lastRun: null });
    await this.#worker?.leave('The person at this tab pressed Leave.');
  }

  #seen(hidden: boolean): void {
    this.#hidden = hidden;
    this.#mindHidden();
    this.#mindScreen();
  }

  /** Works only while it is looked at, where that was chosen. */
  #mindHidden(): void {
    const stay = this.#hidden && this.choices.value.background === 'visible';
    if (stay && !this.#pausedForHidden && this.#worker !== null && this.#worker.status.phase !== 'paused') {
      this.#pausedForHidden = true;
      this.#worker.pause('The tab is hidden, and you chose to work only while it is visible.');
    } else if (!stay && this.#pausedForHidden) {
      this.#pausedForHidden = false;
      this.#worker?.resume();
    }
  }

  #mindScreen(): void {
    const phase = this.#worker?.status.phase ?? 'ended';
    const working = phase !== 'paused' && phase !== 'ended';
    this.screenLock.want(working && !this.#hidden && this.choices.value.screenOn);
  }
}
