/**
 * Whom the coordinator's relay serves. A peer with a control stream may reserve a place, so that its hello can name it;
 * bytes are relayed between members that were both welcomed, and between nobody else.
 */
import type { PeerId } from '../core/ids.ts';

export class RelayRoster {
  readonly #guests = new Map<PeerId, { admitted: boolean }>();
  readonly #left = new Set<(peer: PeerId) => void>();

  /** The peer has opened a control stream. */
  enter(peer: PeerId): void {
    this.#guests.set(peer, { admitted: false });
  }

  /** The peer is welcome in the run. */
  admit(peer: PeerId): void {
    const guest = this.#guests.get(peer);
    if (guest !== undefined) guest.admitted = true;
  }

  /** The peer's control stream is gone, and with it all that was relayed to and from the peer. */
  leave(peer: PeerId): void {
    if (!this.#guests.delete(peer)) return;
    for (const listener of this.#left) listener(peer);
  }

  onLeave(listener: (peer: PeerId) => void): void {
    this.#left.add(listener);
  }

  mayReserve(peer: PeerId): boolean {
    return this.#guests.has(peer);
  }

  mayConnect(from: PeerId, to: PeerId): boolean {
    return [from, to].every((peer) => this.#guests.get(peer)?.admitted === true);
  }
}
