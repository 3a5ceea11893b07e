/** The members that a fold has to do with, held before whoever keeps them all. */
import type { Address, PeerId } from '../../core/ids.ts';
import type { MemberState } from './member.ts';

/** Members that were written before. */
export interface MemberSource {
  member(peerId: PeerId): MemberState | undefined;
  memberAt(address: Address): MemberState | undefined;
}

/** Members that are held although their source has them. */
const MAX_HELD = 5000;

export class MemberCache {
  readonly #source: MemberSource;
  readonly #held = new Map<PeerId, MemberState>();
  /** The same by address, in lower case. */
  readonly #addresses = new Map<string, PeerId>();
  readonly #dirty = new Set<PeerId>();

  constructor(source: MemberSource) {
    this.#source = source;
  }

  get(peerId: PeerId): MemberState | undefined {
    const held = this.#held.get(peerId);
    if (held !== undefined) return held;
    const written = this.#source.member(peerId);
    if (written !== undefined) this.#hold(written);
    return written;
  }

  at(address: Address): MemberState | undefined {
    const peerId = this.#addresses.get(address.toLowerCase()) ?? this.#source.memberAt(address)?.peerId;
    return peerId === undefined ? undefined : this.get(peerId);
  }

  set(member: MemberState): void {
    this.#hold(member);
    this.#dirty.add(member.peerId);
  }

  /** Those that were set since the last call. From here on their source has them. */
  take(): MemberState[] {
    const taken = [...this.#dirty].flatMap((peerId) => this.#held.get(peerId) ?? []);
    this.#dirty.clear();
    if (this.#held.size > MAX_HELD) {
      this.#held.clear();
      this.#addresses.clear();
    }
    return taken;
  }

  #hold(member: MemberState): void {
    const { peerId, address } = member;
    if (this.#held.get(peerId)?.address !== address) this.#addresses.set(address.toLowerCase(), peerId);
    this.#held.set(peerId, member);
  }
}
