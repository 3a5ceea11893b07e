/** A coordinator's transition on its way, with the few writes that every rule uses. */
import type { PeerId } from '../../core/ids.ts';
import type { Timestamp } from '../../core/units.ts';
import type { RunFact } from '../../journal/facts.ts';
import type { CoordinatorMessage } from '../../wire/control.ts';
import { Turn } from '../turn.ts';
import type { CoordinatorEffect } from './effects.ts';
import type { Account, CoordinatorState, MemberRecord, Phase } from './state.ts';

export class CoordinatorTurn extends Turn<CoordinatorState, CoordinatorEffect> {
  /** When the event happened. */
  readonly at: Timestamp;

  constructor(state: CoordinatorState, at: Timestamp) {
    super(state);
    this.at = at;
  }

  /** A sentence for the journal. */
  record(fact: RunFact): void {
    this.do({ type: 'journal', fact });
  }

  send(to: readonly PeerId[], message: CoordinatorMessage): void {
    if (to.length > 0) this.do({ type: 'send', to, message });
  }

  enter(phase: Phase): void {
    this.set({ phase });
  }

  member(peerId: PeerId): MemberRecord | undefined {
    return this.state.members[peerId];
  }

  setMember(peerId: PeerId, fields: Partial<MemberRecord>): void {
    const member = this.member(peerId);
    if (
      member === undefined ||
      Object.entries(fields).every(([key, value]) => member[key as keyof MemberRecord] === value)
    )
      return;
    this.set({ members: { ...this.state.members, [peerId]: { ...member, ...fields } } });
  }

  setAccount(account: Account): void {
    this.set({ accounts: { ...this.state.accounts, [account.peerId]: account } });
  }
}
