/** What comes next when no round is under way: the first rule that applies decides. */
import { round as roundOf, view as viewOf } from '../../../core/ids.ts';
import { oldestAuditAllows } from '../audits/window.ts';
import { computeTimeout } from '../deadlines.ts';
import { takeMicroBatches } from '../ledger.ts';
import { planRound } from '../plan.ts';
import { eligibleMembers, infoOf } from '../select.ts';
import { takingPart } from '../standing.ts';
import { budgetAllowsRound } from '../settlement/budget.ts';
import { assignMessage } from '../round-messages.ts';
import type { CoordinatorState, MemberRecord } from '../state.ts';
import type { CoordinatorTurn } from '../turn.ts';
import { beginClosing, beginRegathering } from './enter.ts';
import { beginEvaluation } from './evaluating.ts';

interface Rule {
  readonly when: (state: CoordinatorState, eligible: readonly MemberRecord[]) => boolean;
  readonly choose: (turn: CoordinatorTurn, eligible: readonly MemberRecord[]) => void;
}

const isLast = ({ committed, config }: CoordinatorState): boolean => committed >= config.rounds;
const evaluationDue = ({ config, committed, evaluatedAt }: CoordinatorState): boolean =>
  config.evaluation !== null &&
  config.evaluation.every > 0 &&
  committed > 0 &&
  committed % config.evaluation.every === 0 &&
  evaluatedAt !== committed;
const lastEvaluationDue = ({ config, committed, evaluatedAt }: CoordinatorState): boolean =>
  config.evaluation !== null && evaluatedAt !== committed;
const isSpent = (state: CoordinatorState): boolean => !budgetAllowsRound(state);

const rules: readonly Rule[] = [
  {
    when: (state) => state.draining !== null,
    choose: (turn) => beginClosing(turn, 'drained', 'INTERRUPTED', turn.state.draining ?? ''),
  },
  {
    when: (state, eligible) => (isLast(state) || isSpent(state)) && lastEvaluationDue(state) && eligible.length > 0,
    choose: (turn) => beginEvaluation(turn, true),
  },
  {
    when: (state) => isLast(state) && !lastEvaluationDue(state),
    choose: (turn) => beginClosing(turn, 'finished', 'DONE', `all ${turn.state.committed} rounds are committed`),
  },
  {
    when: (state) => isSpent(state) && !lastEvaluationDue(state),
    choose: (turn) =>
      beginClosing(turn, 'finished', 'BUDGET_SPENT', `the budget pays no further round after ${turn.state.committed}`),
  },
  {
    when: (state, eligible) => eligible.length < state.config.minMembers || isLast(state) || isSpent(state),
    choose: (turn) => beginRegathering(turn, 'too few members hold the state'),
  },
  { when: evaluationDue, choose: (turn) => beginEvaluation(turn, false) },
  { when: (state) => !oldestAuditAllows(state), choose: (turn) => turn.enter({ name: 'auditing' }) },
  { when: () => true, choose: startRound },
];

/** Goes on from `between`: the first rule decides. */
export function progressBetween(turn: CoordinatorTurn): void {
  const eligible = eligibleMembers(turn.state);
  rules.find(({ when }) => when(turn.state, eligible))?.choose(turn, eligible);
}

/** Hands out the next round's work to everyone who stands at the present state and is not suspended. */
function startRound(turn: CoordinatorTurn, eligible: readonly MemberRecord[]): void {
  const members = takingPart(turn.state, eligible);
  const { config, ledger, committed } = turn.state;
  const { ledger: next, taken } = takeMicroBatches(ledger, config.microBatchesPerRound);
  const { contributors, owners } = planRound({
    members,
    microBatches: taken,
    buckets: config.buckets,
    assignment: config.assignment,
    round: roundOf(committed),
  });
  if (owners.length === 0) return beginRegathering(turn, 'no member can be dialled by the others');
  const view = viewOf(turn.state.lastView + 1);
  const round = {
    round: roundOf(committed),
    view,
    assignment: view,
    stage: 'computing',
    contributors: contributors.map((work) => ({ ...work, assignment: view })),
    owners,
    members: members.map(({ peerId }) => peerId),
    commitments: {},
    shown: {},
    reduced: owners.map(() => null),
    gathered: {},
    seal: null,
    applied: {},
    accusations: [],
    unheard: [],
    disputed: [],
    startedAt: turn.at,
    waitingSince: null,
  } as const;
  turn.set({ ledger: next, lastView: view, phase: { name: 'training', round } });
  for (const { peerId } of members) turn.setMember(peerId, { status: 'active' });
  const deadline = computeTimeout(turn.state, round.contributors);
  turn.send(round.members, assignMessage(round, members.map(infoOf), deadline));
  turn.do({ type: 'setTimer', name: 'round', delay: deadline });
  turn.record({ type: 'roundAssigned', round: round.round, view, contributors, queued: next.returned.length });
  turn.because(`round ${committed} begins with ${contributors.length} contributors of ${members.length} members`);
}
