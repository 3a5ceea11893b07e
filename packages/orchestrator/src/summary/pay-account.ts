/** One worker's account of a run: each line an epoch's figures or a thing that changed them. */
import type { PeerId, RunFact, RunFactOf } from '@murmuration/protocol';
import { dateTime, figure, tokens } from '@murmuration/protocol/dashboard';
import { payStory } from '@murmuration/protocol/projection';
import type { PayStanding } from '@murmuration/protocol/projection';
import type { JournalStore } from '../store/journal-store.ts';
import { summarize } from './fold.ts';
import type { EpochLine, WorkerSummary } from './summary.ts';

interface AccountLine {
  readonly at: number;
  readonly text: string;
}

export interface PayAccount {
  readonly worker: WorkerSummary;
  /** What its work and its pay come to, in sentences. */
  readonly story: readonly string[];
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
  const { workers, epochs } = summarize(runId, journal.entries());
  const matches = workers.filter(
    ({ peerId, address }) =>
      name.length >= 4 &&
      [peerId, address].some((id) => id.toLowerCase().endsWith(name.toLowerCase().replace('…', ''))),
  );
  const known = workers.map(({ peerId }) => peerId);
  const [worker, second] = matches;
  if (worker === undefined || second !== undefined) return { account: null, known };
  const lines: AccountLine[] = [];
  let [priceWei, probation]: [string | null, boolean] = [null, false];
  for (const { event, facts } of journal.entries()) {
    if (event.type === 'started') priceWei = event.config.payment?.microBatchWei ?? null;
    for (const fact of facts) {
      if (fact.type === 'auditClosed' && fact.target === worker.peerId) probation = probationAfter(fact, probation);
      const text = explanations[fact.type]?.(fact, worker);
      if (typeof text === 'string') lines.push({ at: event.at, text });
    }
  }
  const settled = settledOf(epochs, worker);
  return { account: { worker, story: storyOf(worker, { settled, priceWei, probation }), lines }, known };
}

const probationAfter = ({ outcome }: RunFactOf<'auditClosed'>, before: boolean): boolean =>
  outcome === 'unverifiable' || (before && outcome !== 'passed');

/** Its micro-batches in closed epochs. */
const settledOf = (epochs: readonly EpochLine[], { peerId }: WorkerSummary): number =>
  epochs.at(-1)?.leaves.find((leaf) => leaf.peerId === peerId)?.verified ?? 0;

const storyOf = (
  { microBatches, forfeited, rounds, earnedWei, paidWei }: WorkerSummary,
  standing: Pick<PayStanding, 'settled' | 'priceWei' | 'probation'>,
): readonly string[] =>
  payStory({
    trained: microBatches,
    forfeited,
    rounds,
    earnedWei: earnedWei.toString(),
    paidWei: paidWei.toString(),
    ...standing,
  });

export function describeAccount({ worker: { peerId, address, payout }, story, lines }: PayAccount): string[] {
  return [
    peerId,
    `  address ${address}, paid to ${payout}`,
    ...story.map((sentence) => `  ${sentence}`),
    ...lines.map(({ at, text }) => `  ${dateTime(at)}  ${text}`),
  ];
}
