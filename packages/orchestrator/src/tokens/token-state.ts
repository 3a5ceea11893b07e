/** What can still be done with a token. */
import type { TokenRecord } from './token-store.ts';

export type TokenStateName = 'open' | 'taken back' | 'expired' | 'used up';

export function tokenState({ revokedAt, expiresAt, uses, used }: TokenRecord, now: number): TokenStateName {
  if (revokedAt !== null) return 'taken back';
  if (expiresAt !== null && expiresAt <= now) return 'expired';
  return uses !== null && used >= uses ? 'used up' : 'open';
}

export const isOpen = (record: TokenRecord, now: number): boolean => tokenState(record, now) === 'open';
