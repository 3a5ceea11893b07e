/** What the shell keeps for audits, joiners and checkpoints, and when it may forget it. */
import { round as roundOf } from '../../core/ids.ts';
import type { Round } from '../../core/ids.ts';
import type { SealMessage } from './state.ts';
import type { MemberTurn } from './turn.ts';

/** State snapshots kept: the last one asked for, and the one before, which somebody may still be fetching. */
const SNAPSHOTS = 2;

const atLeast = (round: number): Round => roundOf(Math.max(0, round));

/** Auditors will want the parameters that the round started from. */
export function beforeApply(turn: MemberTurn, round: Round): void {
  const { parameters } = turn.state;
  if (parameters.includes(round)) return;
  turn.set({ parameters: [...parameters, round] });
  turn.do({ type: 'retain', kind: 'parameters', round });
}

export function afterApply(turn: MemberTurn, { round, snapshot }: SealMessage): void {
  const next = roundOf(round + 1);
  const { auditWindow, sealedWindow } = turn.state.config;
  if (snapshot) keepSnapshot(turn, next);
  releaseParameters(turn);
  turn.do(
    { type: 'release', kind: 'ownContributions', before: atLeast(next - auditWindow) },
    { type: 'release', kind: 'sealed', before: atLeast(next - sealedWindow) },
  );
}

function keepSnapshot(turn: MemberTurn, round: Round): void {
  const snapshots = [...turn.state.snapshots.filter((kept) => kept < round), round].slice(-SNAPSHOTS);
  turn.set({ snapshots });
  turn.do({ type: 'retain', kind: 'state', round }, { type: 'release', kind: 'states', before: snapshots[0]! });
}

/** Parameters older than the window, except those under audit. */
export function releaseParameters(turn: MemberTurn): void {
  const { parameters, auditing, config, held } = turn.state;
  const before = atLeast((held?.round ?? 0) - config.auditWindow);
  const pinned = [...new Set(auditing.map(({ round }) => round))].filter((round) => round < before);
  const kept = parameters.filter((round) => round >= before || pinned.includes(round));
  if (kept.length === parameters.length) return;
  turn.set({ parameters: kept });
  turn.do({ type: 'release', kind: 'parameters', before, pinned });
}
