/** Words for what a member is and does. Pure. */
import type { AuditOutcome } from '@murmuration/protocol';
import type { MemberRow, MemberStatus, RunFigures } from '@murmuration/protocol/dashboard';
import { NOTHING, ago, count, duration, percent } from '../design/format.ts';
import type { Tone } from '../design/pieces.tsx';

export const statuses: Readonly<Record<MemberStatus, readonly [words: string, tone: Tone]>> = {
  joined: ['Joining', 'info'],
  ready: ['In the run', 'good'],
  lost: ['Lost', 'warning'],
  left: ['Left', 'neutral'],
  expelled: ['Expelled', 'bad'],
  refused: ['Refused', 'bad'],
};

/** Whoever was in a run when it ended stayed to the end of it. */
export function statusOf(
  { status, suspendedUntil }: Pick<MemberRow, 'status' | 'suspendedUntil'>,
  over: boolean,
): readonly [words: string, tone: Tone] {
  if (status !== 'ready') return statuses[status];
  if (over) return ['To the end', 'good'];
  return suspendedUntil === null ? statuses.ready : [`Sits out until round ${count(suspendedUntil)}`, 'warning'];
}

/** `12 s ago`; of a run that is over, how long before its end. */
export function lastSeenOf({ lastSeenAt }: Pick<MemberRow, 'lastSeenAt'>, figures: RunFigures): string {
  if (figures.outcome === null) return ago(lastSeenAt, figures.lastAt);
  const seconds = (figures.lastAt - lastSeenAt) / 1000;
  return seconds < 5 ? 'at the end' : `${duration(seconds).split(' ')[0]} earlier`;
}

export const auditTones: Readonly<Record<AuditOutcome, Tone>> = {
  passed: 'good',
  failed: 'bad',
  disputed: 'warning',
  unverifiable: 'neutral',
  expired: 'neutral',
};

const kinds: Readonly<Record<MemberRow['adapter']['kind'], string>> = {
  gpu: 'GPU',
  software: 'software GPU',
  cpu: 'CPU',
};

export const kindOf = ({ adapter }: Pick<MemberRow, 'adapter'>): string => kinds[adapter.kind];

/** How its audits went, in few words: `38 of 38`. */
export function trustOf({ trust }: Pick<MemberRow, 'trust'>): string {
  const closed = trust.passed + trust.failed;
  return closed === 0 ? NOTHING : `${count(trust.passed)} of ${count(closed)}`;
}

/** 0 to 1 as `4.2 %`; nothing for a member without work. */
export const shareOf = ({ share }: Pick<MemberRow, 'share'>): string =>
  share === 0 ? NOTHING : percent(share, share < 0.1 ? 1 : 0);
