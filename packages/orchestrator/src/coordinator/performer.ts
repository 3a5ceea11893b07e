/** What the machine asks for, done: one entry an effect. Nothing here decides anything. */
import type { CoordinatorEffect, CoordinatorEffectOf, CoordinatorEffectType, TimerName } from '@murmuration/protocol';
import type { Timers } from '@murmuration/protocol/net';
import type { Settlement } from '../settlement/settlement.ts';
import type { ControlHub } from './control-hub.ts';
import type { Happening } from './driver.ts';
import type { StateStore } from './state-store.ts';

export interface PerformerPorts {
  readonly hub: ControlHub;
  readonly timers: Timers<TimerName>;
  readonly states: StateStore;
  readonly settlement: Settlement | null;
  readonly dispatch: (happening: Happening) => void;
  readonly finish: (effect: CoordinatorEffectOf<'finish'>) => void;
}

type Table = { readonly [T in CoordinatorEffectType]: (effect: CoordinatorEffectOf<T>) => void };

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export function createPerformer({
  hub,
  timers,
  states,
  settlement,
  dispatch,
  finish,
}: PerformerPorts): (effect: CoordinatorEffect) => void {
  /** Waits for the work behind an effect; its failure is an event too. */
  const answer = (work: Promise<Happening>, failed: (reason: string) => Happening): void => {
    work.then(dispatch, (error: unknown) => dispatch(failed(textOf(error))));
  };
  const table: Table = {
    send: ({ to, message }) => hub.send(to, message),
    disconnect: ({ peerId }) => hub.disconnect(peerId),
    setTimer: ({ name, delay }) => timers.set(name, delay),
    cancelTimer: ({ name }) => timers.cancel(name),
    // Facts are in the journal entry already; the anchor is fixed by the job's salt on chain (see settlement/salt.ts).
    journal: () => undefined,
    anchor: () => undefined,
    checkpoint: (effect) => {
      const { round, stateHash } = effect;
      answer(
        states.take(effect).then(() => ({ type: 'checkpointed', round, stateHash })),
        (reason) => ({ type: 'checkpointFailed', round, stateHash, reason }),
      );
    },
    closeEpoch: ({ epoch, leaves }) => {
      if (settlement === null) return;
      const root = settlement.tree(leaves).root;
      dispatch({ type: 'epochRooted', epoch, root });
    },
    settle: (effect) => {
      if (settlement === null) return;
      const { epoch } = effect;
      answer(
        settlement.settle(effect).then((settled) => ({ type: 'settled', epoch, ...settled })),
        (reason) => ({ type: 'settleFailed', epoch, reason }),
      );
    },
    finish,
  };
  return (effect) => (table[effect.type] as (effect: CoordinatorEffect) => void)(effect);
}
