/** What a member does for the run beside training: audits of others, evaluation, signatures under epochs. */
import type { CoordinatorMessageOf } from '../../wire/control.ts';
import type { MemberEventOf } from './events.ts';
import { releaseParameters } from './retention.ts';
import type { MemberTurn } from './turn.ts';

export function takeAudit(turn: MemberTurn, { type: _type, ...request }: CoordinatorMessageOf<'audit'>): void {
  const { parameters, auditing } = turn.state;
  const { audit, round } = request;
  if (auditing.some((open) => open.audit === audit)) return;
  if (!parameters.includes(round)) {
    return turn.send({
      type: 'verdict',
      audit,
      outcome: 'expired',
      relativeError: null,
      reason: `the parameters at round ${round} are not kept here`,
    });
  }
  turn.set({ auditing: [...auditing, { audit, round }] });
  turn.do({ type: 'audit', ...request });
  turn.because(`auditing ${request.target.peerId} in round ${round}`);
}

export function noteAudited(
  turn: MemberTurn,
  { audit, outcome, relativeError, reason }: MemberEventOf<'audited'>,
): void {
  const { auditing } = turn.state;
  if (!auditing.some((open) => open.audit === audit)) return;
  turn.set({ auditing: auditing.filter((open) => open.audit !== audit) });
  turn.send({ type: 'verdict', audit, outcome, relativeError, reason });
  turn.because(`audit ${audit}: ${outcome}`);
  releaseParameters(turn);
}

export function takeEvaluation(
  turn: MemberTurn,
  { evaluation, round, part, start, end }: CoordinatorMessageOf<'evaluate'>,
): void {
  if (turn.state.phase === 'following' && turn.state.held?.round === round)
    turn.do({ type: 'evaluate', evaluation, part, start, end });
}

export function noteEvaluated(
  turn: MemberTurn,
  { evaluation, part, lossSum, correct, predictions }: MemberEventOf<'evaluated'>,
): void {
  turn.send({ type: 'evaluated', evaluation, part, lossSum, correct, predictions });
}

/** Signs only what gives this worker at least what it was told that it has. */
export function takeAttest(turn: MemberTurn, { type: _type, ...request }: CoordinatorMessageOf<'attest'>): void {
  const { config, earnedWei } = turn.state;
  const own = request.leaves.find(({ address }) => address.toLowerCase() === config.identity.address.toLowerCase());
  if (BigInt(own?.cumulativeWei ?? '0') < BigInt(earnedWei))
    return refuseToSign(turn, request, `it gives me ${own?.cumulativeWei ?? '0'}, and I was told ${earnedWei}`);
  const total = request.leaves.reduce((sum, { cumulativeWei }) => sum + BigInt(cumulativeWei), 0n);
  if (total !== BigInt(request.totalWei))
    return refuseToSign(turn, request, `its leaves sum to ${total}, not to ${request.totalWei}`);
  turn.do({ type: 'attest', ...request });
}

function refuseToSign(
  turn: MemberTurn,
  { epoch, root }: Omit<CoordinatorMessageOf<'attest'>, 'type'>,
  reason: string,
): void {
  turn.send({ type: 'attestation', epoch, root, signature: null, reason });
  turn.because(`refusing to sign epoch ${epoch}: ${reason}`);
}

export function noteAttested(turn: MemberTurn, { epoch, root, signature, reason }: MemberEventOf<'attested'>): void {
  turn.send({ type: 'attestation', epoch, root, signature, reason });
}

export function noteBlamed(turn: MemberTurn, { reason, until }: CoordinatorMessageOf<'blamed'>): void {
  turn.do({ type: 'notice', notice: { kind: 'blamed', reason, until } });
  turn.because(`blamed: ${reason}`);
}

export function notePay(
  turn: MemberTurn,
  { epoch, verified, cumulativeWei, paidWei, reason }: CoordinatorMessageOf<'pay'>,
): void {
  if (BigInt(cumulativeWei) >= BigInt(turn.state.earnedWei)) turn.set({ earnedWei: cumulativeWei });
  turn.do({ type: 'notice', notice: { kind: 'pay', epoch, verified, cumulativeWei, paidWei, reason } });
}
