/** How phases begin that several others lead to. */
import { closingAuditsTimeout, regatherTimeout } from '../deadlines.ts';
import type { RunOutcome } from '../effects.ts';
import { presentMembers } from '../select.ts';
import type { PhaseName } from '../state.ts';
import { phaseWords } from './words.ts';
import type { CoordinatorTurn } from '../turn.ts';

/** The first gathering; `gatherTimeout` bounds it. */
export function beginGathering(turn: CoordinatorTurn): void {
  turn.enter({ name: 'gathering', regathering: false, due: false, blocked: 0 });
  armGather(turn);
  turn.because(`${phaseWords.gathering}${turn.state.config.startMembers} members`);
}

/** Waits for members to come back, or for new ones. */
export function beginRegathering(turn: CoordinatorTurn, why: string): void {
  turn.enter({ name: 'gathering', regathering: true, due: false, blocked: 0 });
  armGather(turn);
  turn.do({ type: 'setTimer', name: 'regather', delay: regatherTimeout(turn.state.config) });
  turn.because(`${phaseWords.gathering}members: ${why}`);
}

function armGather(turn: CoordinatorTurn): void {
  const { gatherTimeout } = turn.state.config;
  if (gatherTimeout !== null) turn.do({ type: 'setTimer', name: 'gather', delay: gatherTimeout });
}

const ended: ReadonlySet<PhaseName> = new Set(['closing', 'over']);

export function beginClosing(turn: CoordinatorTurn, outcome: RunOutcome, code: string, reason: string): void {
  if (ended.has(turn.state.phase.name)) return;
  turn.enter({
    name: 'closing',
    outcome,
    code,
    reason,
    auditsDue: false,
    checkpointFailures: 0,
    settlementFailures: 0,
  });
  for (const name of ['gather', 'regather', 'round', 'apply', 'evaluate', 'drain'] as const)
    turn.do({ type: 'cancelTimer', name });
  for (const { peerId, status } of presentMembers(turn.state))
    if (status === 'active') turn.setMember(peerId, { status: 'ready' });
  if (turn.state.audits.open.length > 0)
    turn.do({ type: 'setTimer', name: 'audits', delay: closingAuditsTimeout(turn.state.config) });
  turn.because(`${phaseWords.closing}${reason}`);
}
