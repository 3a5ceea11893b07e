/** A simulated coordinator: the real machine, a journal in memory, checkpoints in memory, and a chain that always settles. */
import type { PeerId } from '../core/ids.ts';
import { hash } from '../core/ids.ts';
import { milliseconds, timestamp } from '../core/units.ts';
import { isJournalled, nextJournalEntry } from '../journal/chain.ts';
import type { JournalEntry } from '../journal/events.ts';
import { replayJournal } from '../journal/replay.ts';
import { canonicalJson } from '../core/canonical.ts';
import type {
  CoordinatorEffect,
  CoordinatorEffectOf,
  CoordinatorEffectType,
  TimerName,
} from '../machines/coordinator/effects.ts';
import { claimsOf } from '../machines/coordinator/evidence.ts';
import type { CoordinatorEvent } from '../machines/coordinator/events.ts';
import type { CoordinatorState } from '../machines/coordinator/state.ts';
import { coordinatorTransition } from '../machines/coordinator/transition.ts';
import type { WorkerMessage } from '../wire/control.ts';
import { invariant } from './errors.ts';
import type { ControlConnection } from './network.ts';
import { signatureOf, stateHashOf, vectorHash, type Vector } from './numbers.ts';
import { SimTimers } from './scheduler.ts';
import type { SimWorker } from './sim-worker.ts';
import type { World } from './world.ts';

type Happening = CoordinatorEvent extends infer E ? (E extends CoordinatorEvent ? Omit<E, 'at'> : never) : never;
type Performers = { readonly [T in CoordinatorEffectType]?: (effect: CoordinatorEffectOf<T>) => void };

export class SimCoordinator {
  readonly journal: JournalEntry[] = [];
  readonly #world: World;
  readonly #timers: SimTimers<TimerName>;
  readonly #connections = new Map<PeerId, { readonly worker: SimWorker; readonly connection: ControlConnection }>();
  readonly #checkpoints = new Map<number, Vector>();
  #state: CoordinatorState | null = null;
  #up = true;
  finish: CoordinatorEffectOf<'finish'> | null = null;

  constructor(world: World) {
    this.#world = world;
    this.#timers = new SimTimers(world.scheduler, (name) => this.tell({ type: 'timer', name }));
  }

  get state(): CoordinatorState {
    invariant(this.#state !== null, 'the coordinator has started', () => 'no state');
    return this.#state;
  }

  get isUp(): boolean {
    return this.#up;
  }

  /** A checkpoint's values, for those who fetch them. */
  stateAt(round: number): Vector | undefined {
    return this.#checkpoints.get(round);
  }

  accept(worker: SimWorker, connection: ControlConnection): boolean {
    if (!this.#up || this.finish !== null) return false;
    this.#connections.get(worker.peerId)?.connection.down.close();
    this.#connections.set(worker.peerId, { worker, connection });
    return true;
  }

  receive(worker: SimWorker, connection: ControlConnection, message: WorkerMessage): void {
    const { peerId } = worker;
    if (this.#connections.get(peerId)?.connection !== connection) return;
    const heard = this.#world.throughWire(message);
    if (this.#isForged(peerId, heard))
      this.tell({ type: 'faulted', peerId, code: 'FAULT_FORGED', reason: 'it passed on what nobody signed' });
    else this.tell({ type: 'message', from: peerId, message: heard });
  }

  /** As the real shell checks what an owner passes on. */
  #isForged(from: PeerId, message: WorkerMessage): boolean {
    return (
      message.type === 'reduced' &&
      claimsOf(this.state, from, message).some(
        ({ peerId, terms, signature }) => signatureOf(peerId, terms) !== signature,
      )
    );
  }

  /** The stream of a worker is found to be closed. */
  lost(connection: ControlConnection, peerId: PeerId): void {
    if (this.#connections.get(peerId)?.connection !== connection) return;
    this.#connections.delete(peerId);
    this.tell({ type: 'disconnected', peerId, reason: 'the connection closed' });
  }

  /** SIGKILL and restart after a while: what it knew is what its journal says. */
  crash(downtime: number): void {
    this.#up = false;
    this.#timers.clear();
    for (const { worker, connection } of this.#connections.values()) {
      connection.up.close();
      connection.down.close();
      worker.cut();
    }
    this.#connections.clear();
    this.#world.scheduler.after(downtime, () => {
      this.#state = this.checkReplay();
      this.#up = true;
      const round = Math.max(-1, ...this.#checkpoints.keys());
      const values = this.#checkpoints.get(round);
      const checkpoint = values === undefined ? null : { round: round as never, stateHash: stateHashOf(round, values) };
      this.tell({ type: 'resumed', checkpoint, waitForHolders: milliseconds(500), self: this.state.config.self });
    });
  }

  /** Replays the journal and compares with what was decided. */
  checkReplay(): CoordinatorState {
    const replayed = replayJournal(this.journal)?.state ?? null;
    invariant(
      replayed !== null && canonicalJson(replayed) === canonicalJson(this.#state),
      'the journal leads to the same state',
      () => `${this.journal.length} entries`,
    );
    return replayed;
  }

  tell(happening: Happening): void {
    if (!this.#up || this.finish !== null) return;
    const event = { ...happening, at: timestamp(Math.round(this.#world.scheduler.now)) } as CoordinatorEvent;
    const before = this.#state;
    const decision = coordinatorTransition(before, event);
    if (isJournalled(before, decision))
      this.journal.push(nextJournalEntry(this.journal.at(-1) ?? null, event, decision));
    this.#state = decision.state;
    for (const effect of decision.effects)
      if (effect.type === 'journal') this.#world.oracle.note(effect.fact, decision.state);
    if (decision.state !== before) this.#world.oracle.checkLedger(decision.state);
    for (const effect of decision.effects) this.#perform(effect);
  }

  #perform(effect: CoordinatorEffect): void {
    (this.#performers[effect.type] as ((effect: CoordinatorEffect) => void) | undefined)?.(effect);
  }

  readonly #performers: Performers = {
    send: ({ to, message }) => {
      const heard = this.#world.throughWire(message);
      for (const peer of to) {
        const entry = this.#connections.get(peer);
        entry?.connection.down.deliver(() => entry.worker.tell({ type: 'message', message: heard }));
      }
    },
    disconnect: ({ peerId }) => {
      const entry = this.#connections.get(peerId);
      this.#connections.delete(peerId);
      entry?.connection.up.close();
      entry?.connection.down.deliver(() => {
        entry.connection.down.close();
        entry.worker.cut();
      });
    },
    setTimer: ({ name, delay }) => this.#timers.set(name, delay),
    cancelTimer: ({ name }) => this.#timers.cancel(name),
    checkpoint: ({ round, stateHash, sources }) => {
      this.#world.scheduler.after(30, () => {
        const values = sources
          .map(({ peerId }) => this.#world.stateOf(peerId, round))
          .find((found) => found !== undefined && stateHashOf(round, found) === stateHash);
        if (values === undefined)
          return this.tell({ type: 'checkpointFailed', round, stateHash, reason: 'no source has it' });
        this.#checkpoints.set(round, values);
        this.tell({ type: 'checkpointed', round, stateHash });
      });
    },
    closeEpoch: ({ epoch, leaves }) => {
      const root = vectorHash(
        'epoch',
        epoch,
        leaves.map(({ verified }) => verified),
      );
      this.#world.scheduler.after(2, () => this.tell({ type: 'epochRooted', epoch, root: hash(root) }));
    },
    settle: ({ epoch, leaves }) => {
      const paidWei = Object.fromEntries(leaves.map(({ address, cumulativeWei }) => [address, cumulativeWei]));
      this.#world.scheduler.after(20, () => this.tell({ type: 'settled', epoch, transaction: `0x${epoch}`, paidWei }));
    },
    finish: (effect) => {
      this.finish = effect;
    },
  };
}
