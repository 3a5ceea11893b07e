/** Connections to a coordinator: which failures are worth another attempt, and when the first connection is given up. */
import type { MemberInfo, Terms } from '@murmuration/protocol';
import { DialFailedError, ProtocolMismatchError, StreamClosedError, type Clock } from '@murmuration/protocol/net-core';
import type { CoordinatorLink } from './coordinator-link.ts';
import { problemOf, type Reporter } from './report.ts';
import { pause } from './pause.ts';

const ATTEMPTS = 4;
/** Milliseconds before the second attempt; doubles. */
const PAUSE = 500;
/** Mismatches in a row after which a coordinator that was spoken with before is believed to be another by now. */
const MISMATCHES = 8;

/** Tried a few times, since the two may be started together. @throws the last attempt's error; at once when trying again cannot help */
export async function firstConnection(
  link: CoordinatorLink,
  coordinator: MemberInfo,
  { report, clock }: { readonly report: Reporter; readonly clock: Clock },
  signal: AbortSignal,
): Promise<Terms> {
  report({ event: 'worker.connecting', coordinator: coordinator.addresses[0] ?? coordinator.peerId });
  for (let attempt = 1; ; attempt++) {
    try {
      return await link.open(signal);
    } catch (error) {
      signal.throwIfAborted();
      if (attempt === ATTEMPTS || !(isPassing(error) || isMismatch(error))) throw error;
      report(problemOf(error));
      await pause(clock, PAUSE * 2 ** (attempt - 1), signal);
    }
  }
}

/** Attempts to come back to a coordinator that was spoken with before. */
export class Return {
  #mismatches = 0;

  /** Whether another attempt may go better. */
  isWorthwhile(error: unknown): boolean {
    this.#mismatches = isMismatch(error) ? this.#mismatches + 1 : 0;
    return isPassing(error) || (this.#mismatches > 0 && this.#mismatches < MISMATCHES);
  }

  succeeded(): void {
    this.#mismatches = 0;
  }
}

const isPassing = (error: unknown): boolean => error instanceof DialFailedError || error instanceof StreamClosedError;

/** A coordinator that starts is reached a moment before it answers. */
const isMismatch = (error: unknown): boolean => error instanceof ProtocolMismatchError;
