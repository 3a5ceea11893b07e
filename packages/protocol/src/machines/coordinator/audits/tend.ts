/** Moves the open audits on: asks auditors, replaces those that are gone, closes what is decided. */
import type { PeerId } from '../../../core/ids.ts';
import type { AuditOutcome, VerdictRecord } from '../../../journal/facts.ts';
import type { WorkerMessageOf } from '../../../wire/control.ts';
import { auditTimeout, graceTimeout } from '../deadlines.ts';
import { expel } from '../membership.ts';
import { infosOf, isPresent } from '../select.ts';
import { settleAudit } from '../settlement/accounts.ts';
import { isSuspended } from '../standing.ts';
import type { Audit, CoordinatorState } from '../state.ts';
import { strike } from '../strikes.ts';
import type { CoordinatorTurn } from '../turn.ts';
import { classify, comparisonOf, judge } from './judge.ts';

export function noteVerdict(turn: CoordinatorTurn, from: PeerId, message: WorkerMessageOf<'verdict'>): void {
  const audit = turn.state.audits.open.find(({ audit: id }) => id === message.audit);
  if (audit === undefined || !audit.asked.includes(from)) return;
  const { relativeError, reason } = message;
  turn.do({ type: 'cancelTimer', name: `audit/${audit.audit}/${from}` });
  const comparison = comparisonOf(turn.member(audit.target)?.adapter, turn.member(from)?.adapter);
  addVerdict(turn, audit, {
    auditor: from,
    outcome: classify(turn.state.config.audit, message, comparison),
    relativeError,
    reason,
  });
}

/** `audit/<id>/<peer>`: the auditor did not answer; with the target's name, it is still alive after its grace. */
export function auditTimedOut(turn: CoordinatorTurn, id: number, auditor: PeerId): void {
  const audit = find(turn, id);
  if (audit?.target === auditor) replace(turn, { ...audit, grace: 'over' });
  else if (audit?.asked.includes(auditor)) {
    addVerdict(turn, audit, {
      auditor,
      outcome: 'expired',
      relativeError: null,
      reason: 'the auditor did not answer in time',
    });
    blameAuditor(turn, auditor);
  }
}

/** Rounds may have waited for its word. One that sits out may do so for another audit that it was asked for at the same time. */
function blameAuditor(turn: CoordinatorTurn, auditor: PeerId): void {
  const member = turn.member(auditor);
  if (isPresent(member) && !isSuspended(member, turn.state.committed))
    strike(turn, auditor, 'it did not answer an audit in time');
}

function addVerdict(turn: CoordinatorTurn, audit: Audit, verdict: VerdictRecord): void {
  const { audit: id, round, target } = audit;
  replace(turn, {
    ...audit,
    asked: audit.asked.filter((peer) => peer !== verdict.auditor),
    verdicts: [...audit.verdicts, verdict],
  });
  turn.record({ type: 'auditVerdict', audit: id, round, target, verdict });
  turn.because(`audit ${id} of ${target}: ${verdict.outcome} by ${verdict.auditor}`);
}

/** After every event: each open audit is brought as far as it goes. */
export function tendAudits(turn: CoordinatorTurn): void {
  for (const { audit } of turn.state.audits.open) tend(turn, audit);
}

function tend(turn: CoordinatorTurn, id: number): void {
  for (const auditor of find(turn, id)?.asked ?? [])
    if (!isPresent(turn.member(auditor))) auditorGone(turn, id, auditor);
  const audit = find(turn, id);
  if (audit === undefined) return;
  if (mustEnd(turn.state)) return end(turn, audit, 'expired', 'the run ended first', []);
  const candidates = audit.candidates.filter((peer) => isPresent(turn.member(peer)) && peer !== audit.target);
  const judgement = judge({
    verdicts: audit.verdicts,
    pending: audit.asked.length,
    available: candidates.length,
    targetGone: isTargetGone(turn, audit),
    graceOver: audit.grace === 'over',
  });
  if (judgement.next === 'ask') ask(turn, audit, candidates, judgement.count);
  if (judgement.next === 'grace' && audit.grace === 'none') giveGrace(turn, audit);
  if (judgement.next === 'close') end(turn, audit, judgement.outcome, judgement.reason, judgement.contradicted);
}

const find = (turn: CoordinatorTurn, id: number): Audit | undefined =>
  turn.state.audits.open.find(({ audit }) => audit === id);
const mustEnd = ({ phase }: CoordinatorState): boolean =>
  phase.name === 'over' || (phase.name === 'closing' && phase.auditsDue);

function isTargetGone(turn: CoordinatorTurn, { target, session }: Audit): boolean {
  const member = turn.member(target);
  return !isPresent(member) || member.session !== session;
}

function giveGrace(turn: CoordinatorTurn, audit: Audit): void {
  replace(turn, { ...audit, grace: 'running' });
  turn.do({ type: 'setTimer', name: `audit/${audit.audit}/${audit.target}`, delay: graceTimeout(turn.state.config) });
  turn.because(`audit ${audit.audit}: ${audit.target} served nothing; waiting whether it is alive`);
}

function auditorGone(turn: CoordinatorTurn, id: number, auditor: PeerId): void {
  const audit = find(turn, id);
  if (audit === undefined) return;
  turn.do({ type: 'cancelTimer', name: `audit/${id}/${auditor}` });
  addVerdict(turn, audit, { auditor, outcome: 'expired', relativeError: null, reason: 'the auditor left' });
}

function ask(turn: CoordinatorTurn, audit: Audit, candidates: readonly PeerId[], count: number): void {
  const chosen = candidates.slice(0, count);
  const { audit: id, round, assignment, microBatches, root, samples } = audit;
  const [target] = infosOf(turn.state, [audit.target]);
  if (target === undefined) return;
  replace(turn, {
    ...audit,
    asked: [...audit.asked, ...chosen],
    candidates: audit.candidates.filter((peer) => !chosen.includes(peer)),
  });
  turn.send(chosen, {
    type: 'audit',
    audit: id,
    round,
    assignment,
    target,
    microBatches: [...microBatches],
    root,
    samples,
  });
  for (const peer of chosen)
    turn.do({
      type: 'setTimer',
      name: `audit/${id}/${peer}`,
      delay: auditTimeout(turn.state, turn.member(peer), samples),
    });
  turn.because(`audit ${id} of ${audit.target} in round ${round} asked of ${chosen.join(', ')}`);
}

function end(
  turn: CoordinatorTurn,
  audit: Audit,
  outcome: AuditOutcome,
  reason: string,
  contradicted: readonly PeerId[],
): void {
  const { audit: id, round, target, verdicts } = audit;
  for (const peer of [...audit.asked, target]) turn.do({ type: 'cancelTimer', name: `audit/${id}/${peer}` });
  turn.set({ audits: { ...turn.state.audits, open: turn.state.audits.open.filter((open) => open.audit !== id) } });
  turn.record({ type: 'auditClosed', audit: id, round, target, outcome, verdicts, reason });
  turn.because(`audit ${id} of ${target} in round ${round}: ${outcome}, ${reason}`);
  for (const auditor of contradicted)
    turn.setMember(auditor, { contradicted: (turn.member(auditor)?.contradicted ?? 0) + 1 });
  settleAudit(turn, audit, outcome, reason);
  if (outcome === 'passed') turn.setMember(target, { auditsPassed: (turn.member(target)?.auditsPassed ?? 0) + 1 });
  if (outcome === 'failed')
    expel(turn, target, 'AUDIT_FAILED', `its contribution to round ${round} failed the audit: ${reason}`);
}

function replace(turn: CoordinatorTurn, audit: Audit): void {
  turn.set({
    audits: {
      ...turn.state.audits,
      open: turn.state.audits.open.map((open) => (open.audit === audit.audit ? audit : open)),
    },
  });
}
