/** One worker's account of a run: each line an epoch's figures or a thing that changed them. */
import type { PeerId, RunFact } from '@murmuration/protocol';
import { dateTime, figure, tokens } from '@murmuration/protocol/dashboard';
import type { JournalStore } from '../store/journal-store.ts';
import { summarize } from './fold.ts';
import type { WorkerSummary } from './summary.ts';

interface AccountLine {
  readonly at: number;
  readonly text: string;
}

export interface PayAccount {
  readonly worker: WorkerSummary;
  readonly lines: readonly AccountLine[];
}

type Explain = (fact: RunFact, worker: WorkerSummary) => string | null;

const ofWorker = (peerId: PeerId, { target }: { target: PeerId }): boolean => peerId === target;

/** What a fact says about a worker's pay, by kind; null when it is about somebody else. */
const explanations: Readonly<Partial<Record<RunFact['type'], Explain>>> = {
  auditClosed: (fact, { peerId }) => {
    if (fact.type !== 'auditClosed' || !ofWorker(peerId, fact) || fact.outcome === 'passed') return null;
    const numbers = fact.verdicts.map(({ outcome, relativeError }) =>
      relativeError === null ? outcome : `${outcome} at ${figure(relativeError)}`,
    );
    return `audit ${fact.audit} of round ${fact.round} ${fact.outcome} (${numbers.join('; ')}): ${fact.reason}`;
  },
  payForfeited: (fact, { peerId }) =>
    fact.type === 'payForfeited' && fact.peerId === peerId
      ? `${figure(fact.microBatches)} micro-batches are not paid: ${fact.reason}`
      : null,
  epochClosed: (fact, { peerId }) => {
    if (fact.type !== 'epochClosed') return null;
    const line = fact.workers.find((entry) => entry.peerId === peerId);
    if (line === undefined) return null;
    const deferred = line.deferred > 0 ? `; ${figure(line.deferred)} wait for their audits` : '';
    return `epoch ${fact.epoch} up to round ${fact.round}: ${figure(line.verified)} micro-batches verified since the start, ${tokens(line.cumulativeWei)} tokens earned in all${deferred}`;
  },
  epochSettled: (fact, { address }) => {
    if (fact.type !== 'epochSettled') return null;
    const paid = Object.entries(fact.paidWei).find(([account]) => account.toLowerCase() === address.toLowerCase())?.[1];
    return `epoch ${fact.epoch} is on chain in ${fact.transaction}: ${tokens(paid ?? '0')} tokens paid so far`;
  },
  epochDeferred: (fact) => (fact.type === 'epochDeferred' ? `epoch ${fact.epoch} was put off: ${fact.reason}` : null),
  memberGone: (fact, { peerId }) =>
    fact.type === 'memberGone' && fact.peerId === peerId
      ? `it ${fact.how === 'left' ? 'left' : `was ${fact.how}`}: ${fact.reason}`
      : null,
};

/** The worker's account by peer id, address, or the end of either. */
export function payAccount(
  runId: string,
  journal: JournalStore,
  name: string,
): { account: PayAccount | null; known: string[] } {
  const { workers } = summarize(runId, journal.entries());
  const matches = workers.filter(
    ({ peerId, address }) =>
      name.length >= 4 &&
      [peerId, address].some((id) => id.toLowerCase().endsWith(name.toLowerCase().replace('…', ''))),
  );
  const known = workers.map(({ peerId }) => peerId);
  const [worker, second] = matches;
  if (worker === undefined || second !== undefined) return { account: null, known };
  const lines: AccountLine[] = [];
  for (const { event, facts } of journal.entries()) {
    for (const fact of facts) {
      const text = explanations[fact.type]?.(fact, worker);
      if (typeof text === 'string') lines.push({ at: event.at, text });
    }
  }
  return { account: { worker, lines }, known };
}

export function describeAccount({ worker, lines }: PayAccount): string[] {
  const { peerId, address, payout, microBatches, forfeited, verified, earnedWei, paidWei, rounds } = worker;
  return [
    peerId,
    `  address ${address}, paid to ${payout}`,
    `  trained ${figure(microBatches)} micro-batches in ${figure(rounds)} rounds; ${figure(forfeited)} not paid, ${figure(verified)} verified`,
    `  earned ${tokens(earnedWei)}, paid ${tokens(paidWei)} tokens`,
    ...lines.map(({ at, text }) => `  ${dateTime(at)}  ${text}`),
  ];
}
