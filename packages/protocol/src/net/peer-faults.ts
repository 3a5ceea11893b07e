/** Counts what each peer did against the protocol, and says whom to refuse. Bounded: strangers cannot fill the memory. */
import type { PeerId } from '../core/ids.ts';
import type { PeerFaultError } from './errors.ts';
import { MAX_FAULTS, MAX_FAULTY_PEERS } from './limits.ts';

export interface PeerFaultRecord {
  readonly count: number;
  readonly last: PeerFaultError;
}

export class PeerFaults {
  readonly #records = new Map<PeerId, PeerFaultRecord>();

  /** Adds a fault. Returns how many the peer now has. */
  record(peer: PeerId, fault: PeerFaultError): number {
    const count = (this.#records.get(peer)?.count ?? 0) + 1;
    // Deleted first, so that the map's order is the order of the last faults.
    this.#records.delete(peer);
    this.#records.set(peer, { count, last: fault });
    if (this.#records.size > MAX_FAULTY_PEERS) this.#records.delete(this.#records.keys().next().value!);
    return count;
  }

  get(peer: PeerId): PeerFaultRecord | null {
    return this.#records.get(peer) ?? null;
  }

  /** Whether the peer has used up its faults: no connection from it is accepted any more. */
  refused(peer: PeerId): boolean {
    return (this.get(peer)?.count ?? 0) >= MAX_FAULTS;
  }
}
