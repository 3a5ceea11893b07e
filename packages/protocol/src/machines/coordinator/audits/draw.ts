/** Which contributions of a committed round are audited, and by whom: a function of the chain, the commitments and the members' standing. */
import { hashText, bytesOf } from '../../../core/digest.ts';
import { canonicalJson } from '../../../core/canonical.ts';
import type { Hash, PeerId, Round } from '../../../core/ids.ts';
import type { AuditConfig } from '../config.ts';
import { byPeerId } from '../select.ts';
import { markAudited } from '../settlement/accounts.ts';
import { isSuspended } from '../standing.ts';
import type { Audit, MemberRecord, SealedRoundState } from '../state.ts';
import type { CoordinatorTurn } from '../turn.ts';
import { chainLink } from './chain.ts';

/** Audits passed after which the distance of a worker's rate to the floor has halved, about. */
const DECAY = 0.75;
/** A member contradicted so often is not asked to audit any more. */
const MAX_CONTRADICTED = 2;

/** High for the new, low for the proven, never below the floor. */
export const auditRate = ({ rate, floor }: AuditConfig, auditsPassed: number): number =>
  Math.max(floor, floor + (rate - floor) * DECAY ** auditsPassed);

/** A number in [0, 1) from the first 48 bits of a digest. */
export function fractionOf(digest: Hash): number {
  return (
    bytesOf(digest)
      .subarray(0, 6)
      .reduce((value, byte) => value * 256 + byte, 0) /
    2 ** 48
  );
}

/** Draws after the commit of `round`; `holders` applied it, so they hold the parameters that it started from. */
export function drawAudits(turn: CoordinatorTurn, round: SealedRoundState, holders: readonly MemberRecord[]): void {
  const { config, audits } = turn.state;
  const link = chainLink(audits, (round.round % audits.length) + 1);
  const commitments = canonicalJson(round.contributors.map(({ peerId }) => [peerId, round.commitments[peerId]!.root]));
  const seed = hashText(`${link}/${round.round}/${commitments}`);
  for (const { peerId } of round.contributors) {
    const target = turn.member(peerId);
    if (target === undefined || target.status === 'expelled') continue;
    const rate = turn.state.accounts[peerId]?.probation === true ? 1 : auditRate(config.audit, target.auditsPassed);
    if (fractionOf(hashText(`${seed}/draw/${peerId}`)) < rate)
      open(turn, round, target, rate, auditorsFor(seed, peerId, holders, turn.state.committed));
  }
}

/**
 * Everyone else who could, in an order that nobody chose; last those that sit out, for the run may have to wait for them.
 * They are not left out: whoever has its only auditor suspended would go unaudited.
 */
const auditorsFor = (seed: Hash, target: PeerId, holders: readonly MemberRecord[], round: Round): PeerId[] =>
  holders
    .filter(({ peerId, contradicted }) => peerId !== target && contradicted < MAX_CONTRADICTED)
    .toSorted(byPeerId)
    .map((member) => ({ ...member, order: hashText(`${seed}/auditor/${target}/${member.peerId}`) }))
    .toSorted((a, b) => Number(isSuspended(a, round)) - Number(isSuspended(b, round)) || (a.order < b.order ? -1 : 1))
    .map(({ peerId }) => peerId);

function open(
  turn: CoordinatorTurn,
  round: SealedRoundState,
  target: MemberRecord,
  rate: number,
  candidates: readonly PeerId[],
): void {
  const [auditor] = candidates;
  if (auditor === undefined) return;
  const { assignment, microBatches } = round.contributors.find(({ peerId }) => peerId === target.peerId)!;
  const { root, samples, session } = round.commitments[target.peerId]!;
  const { audits } = turn.state;
  const audit: Audit = {
    audit: audits.nextAudit,
    round: round.round,
    assignment,
    target: target.peerId,
    session,
    microBatches,
    root,
    samples,
    rate,
    asked: [],
    candidates,
    verdicts: [],
    grace: 'none',
  };
  turn.set({ audits: { ...audits, nextAudit: audits.nextAudit + 1, open: [...audits.open, audit] } });
  markAudited(turn, target.peerId, round.round, audit.audit);
  turn.record({
    type: 'auditDrawn',
    audit: audit.audit,
    round: round.round,
    target: target.peerId,
    auditor,
    microBatches,
    rate,
  });
}
