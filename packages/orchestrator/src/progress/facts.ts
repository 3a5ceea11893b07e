/** Journal facts as events for machines (`--json`), and as sentences for people. */
import type { RunFact, RunFactOf } from '@murmuration/protocol';
import { figure, percent, shortHash, shortPeer, tokens } from '@murmuration/protocol/dashboard';
import type { OutputEvent } from '../cli/output.ts';

export type CommittedFact = RunFactOf<'roundCommitted'>;

/** `roundCommitted` → `round.committed`. */
const eventName = (type: string): string => type.replaceAll(/[A-Z]/g, (letter) => `.${letter.toLowerCase()}`);

/** Facts that only the journal needs: they say nothing that another event doesn't. */
const quiet: ReadonlySet<RunFact['type']> = new Set([
  'runStarted',
  'roundAssigned',
  'roundSealed',
  'auditDrawn',
  'auditVerdict',
]);

/** Lists of micro-batches become counts: a line must stay a line. */
const counted = (key: string, value: unknown): unknown =>
  key === 'microBatches' && Array.isArray(value) ? value.length : value;

/** The fact as one event; null for what would only make noise. The run's own end is told once, by `run.finished`. */
export function factEvent(fact: RunFact, at: number): OutputEvent | null {
  if (quiet.has(fact.type) || fact.type === 'runFinished') return null;
  const { type, ...fields } = JSON.parse(JSON.stringify(fact, counted)) as { type: string };
  return { event: eventName(type), at, ...fields };
}

type Sentence = { readonly [T in RunFact['type']]?: (fact: RunFactOf<T>) => string | null };

const sentences: Sentence = {
  memberJoined: ({ peerId, backend, adapter, returning }) =>
    `${shortPeer(peerId)} ${returning ? 'returned' : 'joined'}: ${backend} on ${adapter.name}`,
  memberRefused: ({ peerId, reason }) => `${shortPeer(peerId)} was refused: ${reason}`,
  memberGone: ({ peerId, how, reason }) => `${shortPeer(peerId)} ${how === 'left' ? 'left' : `is ${how}`}: ${reason}`,
  memberFlagged: ({ peerId, reason }) => `${shortPeer(peerId)} is flagged: ${reason}`,
  viewChanged: ({ round, reason }) => `round ${round} goes on in another view: ${reason}`,
  roundAbandoned: ({ round, reason }) => `round ${round} is handed out anew: ${reason}`,
  rolledBack: ({ from, to, reason }) => `rolled back from round ${from} to ${to}: ${reason}`,
  evaluated: ({ round, loss, accuracy }) =>
    `round ${figure(round)}: held-out loss ${figure(loss)}, accuracy ${percent(accuracy)}`,
  checkpointed: ({ round, stateHash }) => `checkpoint of round ${figure(round)}, state ${shortHash(stateHash)}`,
  checkpointFailed: ({ round, reason }) => `the checkpoint of round ${round} failed: ${reason}`,
  auditClosed: ({ target, round, outcome, reason }) =>
    outcome === 'passed' ? null : `audit of ${shortPeer(target)} in round ${round} ${outcome}: ${reason}`,
  payForfeited: ({ peerId, microBatches, reason }) =>
    `${shortPeer(peerId)} is not paid for ${figure(microBatches)} micro-batches: ${reason}`,
  epochSettled: ({ epoch, totalWei }) => `epoch ${epoch} is settled: ${tokens(totalWei)} tokens earned so far`,
  epochDeferred: ({ epoch, reason }) => `epoch ${epoch} is deferred: ${reason}`,
  draining: ({ reason }) => `${reason}: finishing the round (once more to stop at once)`,
};

/** The fact as a sentence; null when it is not worth a line. */
export function factSentence(fact: RunFact): string | null {
  const sentence = sentences[fact.type] as ((fact: RunFact) => string | null) | undefined;
  return sentence?.(fact) ?? null;
}
