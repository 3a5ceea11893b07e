/** Turns what the chain library throws into errors that say what happened and what to do. */
import { isError, type ErrorDescription } from 'ethers';
import { MurmurationError } from '@murmuration/protocol';
import { contractNames, interfaces } from './contracts.ts';
import { BalanceInsufficientError, ChainFailedError, ChainUnreachableError, ContractRefusedError } from './errors.ts';

/** What was being done: `what` completes "failed to …". */
export interface Doing {
  readonly what: string;
  readonly rpcUrl: string;
  readonly account: string;
}

const unreachable = new Set([
  'NETWORK_ERROR',
  'TIMEOUT',
  'SERVER_ERROR',
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
]);

/** The error to throw in place of `cause`. */
export function explainChainError(cause: unknown, { what, rpcUrl, account }: Doing): MurmurationError {
  if (cause instanceof MurmurationError) return cause;
  if (isError(cause, 'CALL_EXCEPTION')) return refused(what, cause.data, cause);
  if (isError(cause, 'INSUFFICIENT_FUNDS'))
    return new BalanceInsufficientError({
      account,
      unit: 'the coin that pays for gas',
      needed: null,
      found: 0n,
      cause,
    });
  const { code, shortMessage, message } = cause as { code?: string; shortMessage?: string; message?: string };
  const why = shortMessage ?? message ?? String(cause);
  if (code !== undefined && unreachable.has(code)) return new ChainUnreachableError({ rpcUrl, why, cause });
  return new ChainFailedError({ what, why, cause });
}

/** A refusal with the contract's own words, from the data that its revert returned. */
export function refused(what: string, data: string | null, cause?: unknown): ContractRefusedError {
  const error = data === null ? null : parseRevert(data);
  if (error === null)
    return new ContractRefusedError({
      what,
      reason: data === null || data === '0x' ? 'NoReason' : 'UnknownError',
      values: data === null ? [] : [data],
      cause,
    });
  return new ContractRefusedError({ what, reason: error.name, values: error.args.map(String), cause });
}

function parseRevert(data: string): ErrorDescription | null {
  for (const name of contractNames) {
    try {
      const parsed = interfaces[name].parseError(data);
      if (parsed !== null) return parsed;
    } catch {
      // Data of another contract's error: the next interface may know it.
    }
  }
  return null;
}
