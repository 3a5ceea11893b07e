/** A member's transition on its way, with the few writes that every rule uses. */
import type { PeerId } from '../../core/ids.ts';
import type { WorkerMessage } from '../../wire/control.ts';
import { Turn } from '../turn.ts';
import type { MemberEffect } from './effects.ts';
import type { CollectiveState, MemberState } from './state.ts';

export class MemberTurn extends Turn<MemberState, MemberEffect> {
  get self(): PeerId {
    return this.state.config.peerId;
  }

  get isOnline(): boolean {
    return this.state.phase !== 'offline' && this.state.phase !== 'over';
  }

  /** To the coordinator, if there is a stream. */
  send(message: WorkerMessage): void {
    if (this.isOnline) this.do({ type: 'send', message });
  }

  setCollective(collective: CollectiveState): void {
    this.set({ collective });
  }
}
