/** Journal facts as sentences for people: the pages' log, and what a terminal says of a run that goes on. */
import type { PeerId } from '../../core/ids.ts';
import type { RunFact, RunFactOf } from '../../journal/facts.ts';
import type { LogKind, LogLine } from '../api.ts';
import { figure, percent, shortHash, shortPeer, tokens } from '../format.ts';

type Severity = LogLine['severity'];

/** What a fact says to people. */
export interface FactLine {
  readonly kind: LogKind;
  readonly severity: Severity;
  /** A clause: no capital letter before it, no full stop after it. */
  readonly text: string;
}

type Teller<T extends RunFact['type']> = (fact: RunFactOf<T>) => readonly [Severity, string];
type Rule<T extends RunFact['type']> = readonly [LogKind, Teller<T>];

const bySeverity = { left: 'info', lost: 'warning', expelled: 'bad' } as const;
const byOutcome = { finished: 'good', drained: 'warning', failed: 'bad' } as const;
const byAudit = {
  passed: 'good',
  failed: 'bad',
  disputed: 'warning',
  unverifiable: 'warning',
  expired: 'warning',
} as const;

/** Facts that are left out say nothing that a round's own line or another fact does not say. */
const rules: { readonly [T in RunFact['type']]?: Rule<T> } = {
  runStarted: ['run', ({ rounds }) => ['info', `the run of ${figure(rounds)} rounds begins`]],
  runResumed: [
    'run',
    ({ round }) => ['warning', `the coordinator was started again and folded its journal up to round ${figure(round)}`],
  ],
  memberJoined: [
    'member',
    ({ peerId, backend, adapter, returning }) => [
      'info',
      `${shortPeer(peerId)} ${returning ? 'returned' : 'joined'}: ${backend} on ${adapter.name}`,
    ],
  ],
  memberReady: [
    'member',
    ({ peerId, round, samplesPerSecond }) => [
      'info',
      `${shortPeer(peerId)} holds the state of round ${figure(round)} and trains about ${figure(samplesPerSecond)} samples/s`,
    ],
  ],
  memberRefused: ['member', ({ peerId, reason }) => ['warning', `${shortPeer(peerId)} was refused: ${reason}`]],
  memberGone: [
    'member',
    ({ peerId, how, reason }) => [
      bySeverity[how],
      `${shortPeer(peerId)} ${how === 'left' ? 'left' : `is ${how}`}: ${reason}`,
    ],
  ],
  memberFlagged: ['fault', ({ peerId, reason }) => ['bad', `${shortPeer(peerId)} is flagged: ${reason}`]],
  memberSuspended: [
    'fault',
    ({ peerId, round, until, reason }) => [
      'warning',
      `${shortPeer(peerId)} sits out ${until - round === 1 ? `round ${figure(round)}` : `rounds ${figure(round)} to ${figure(until - 1)}`}: ${reason}`,
    ],
  ],
  viewChanged: ['round', ({ round, reason }) => ['warning', `round ${round} goes on in another view: ${reason}`]],
  roundAbandoned: ['round', ({ round, reason }) => ['warning', `round ${round} is handed out anew: ${reason}`]],
  rolledBack: ['fault', ({ from, to, reason }) => ['bad', `rolled back from round ${from} to ${to}: ${reason}`]],
  evaluated: [
    'evaluation',
    ({ round, loss, accuracy }) => [
      'info',
      `round ${figure(round)}: held-out loss ${figure(loss)}, accuracy ${percent(accuracy)}`,
    ],
  ],
  checkpointed: [
    'checkpoint',
    ({ round, stateHash }) => ['info', `checkpoint of round ${figure(round)}, state ${shortHash(stateHash)}`],
  ],
  checkpointFailed: [
    'checkpoint',
    ({ round, reason }) => ['bad', `the checkpoint of round ${round} failed: ${reason}`],
  ],
  auditClosed: [
    'audit',
    ({ target, round, outcome, reason }) => [
      byAudit[outcome],
      `audit of ${shortPeer(target)} in round ${round} ${outcome}: ${reason}`,
    ],
  ],
  payForfeited: [
    'pay',
    ({ peerId, microBatches, reason }) => [
      'bad',
      `${shortPeer(peerId)} is not paid for ${figure(microBatches)} micro-batches: ${reason}`,
    ],
  ],
  epochClosed: [
    'pay',
    ({ epoch, round, totalWei, workers }) => [
      'info',
      `epoch ${epoch} closes at round ${figure(round)}: ${figure(workers.length)} workers have earned ${tokens(totalWei)} tokens so far`,
    ],
  ],
  epochSettled: [
    'pay',
    ({ epoch, totalWei }) => ['good', `epoch ${epoch} is settled: ${tokens(totalWei)} tokens earned so far`],
  ],
  epochDeferred: ['pay', ({ epoch, reason }) => ['warning', `epoch ${epoch} is deferred: ${reason}`]],
  draining: ['run', ({ reason }) => ['warning', `${reason}: finishing the round (once more to stop at once)`]],
  runFinished: ['run', ({ outcome, reason }) => [byOutcome[outcome], `the run is ${outcome}: ${reason}`]],
};

/** The fact in words; null when it is not worth a line. */
export function factLine(fact: RunFact): FactLine | null {
  const rule = rules[fact.type] as Rule<RunFact['type']> | undefined;
  if (rule === undefined) return null;
  const [kind, tell] = rule;
  const [severity, text] = tell(fact);
  return { kind, severity, text };
}

/** The member that a fact is about; null where it is about none, or about several. */
export function subjectOf(fact: RunFact): PeerId | null {
  if ('target' in fact) return fact.target;
  return 'peerId' in fact ? fact.peerId : null;
}

const peerIds = /16Uiu2HA[1-9A-HJ-NP-Za-km-z]{40,52}/g;

/** A clause as a sentence: peer ids shortened, a capital letter before it and a full stop after it. */
export function asSentence(clause: string): string {
  const text = clause.replaceAll(peerIds, shortPeer).trim();
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${text === '' || /[.!?…]$/.test(text) ? '' : '.'}`;
}
