/** Who may join: asked for each hello, before the machine and the journal see it. */
import type { PeerId } from '@murmuration/protocol';

/** A refusal's code begins with `TOKEN_`; its reason is a sentence that says what to do. */
export type AdmissionAnswer =
  | { readonly admitted: true }
  | { readonly admitted: false; readonly code: `TOKEN_${string}`; readonly reason: string };

export interface Admission {
  /** What the workers that this coordinator starts on its own machine say; null when nothing is asked. */
  readonly ownToken: string | null;
  /**
   * Whether the peer may come in with this token. Asked at each hello, so also when a member comes back: one that was
   * let in by a token spends no further use of it. Must not throw.
   */
  check(peer: PeerId, token: string | null): AdmissionAnswer | Promise<AdmissionAnswer>;
}

/** Everybody may join. */
export const openToAll: Admission = { ownToken: null, check: () => ({ admitted: true }) };
