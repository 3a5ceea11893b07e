/** The first connection to a coordinator: tried a few times, since the two may be started together, and then given up. */
import type { MemberInfo, Terms } from '@murmuration/protocol';
import { DialFailedError, StreamClosedError, type Clock } from '@murmuration/protocol/net-core';
import type { CoordinatorLink } from './coordinator-link.ts';
import { problemOf, type Reporter } from './report.ts';
import { pause } from './pause.ts';

const ATTEMPTS = 4;
/** Milliseconds before the second attempt; doubles. */
const PAUSE = 500;

/** @throws the last attempt's error; at once when trying again cannot help */
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
      if (attempt === ATTEMPTS || !isPassing(error)) throw error;
      report(problemOf(error));
      await pause(clock, PAUSE * 2 ** (attempt - 1), signal);
    }
  }
}

/** Whether another attempt may go better. */
export const isPassing = (error: unknown): boolean =>
  error instanceof DialFailedError || error instanceof StreamClosedError;
