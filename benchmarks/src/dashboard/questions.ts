/** What pages ask of a run. */
import type { RunProjection } from '@murmuration/orchestrator/dashboard';

export interface Question {
  readonly name: string;
  ask(): unknown;
}

/** The questions of the run page and the member page, about a run that has been read. */
export function questionsOf(run: RunProjection): Question[] {
  const { sequence, members, figures, head } = run.snapshot();
  const peerId = members[Math.floor(members.length / 2)]!.peerId;
  const middle = Math.floor(figures.round / 2);
  return [
    { name: 'snapshot', ask: () => run.snapshot() },
    { name: 'what changed in 100 entries', ask: () => run.changesSince(sequence - 100) },
    { name: 'loss curve, 800 points', ask: () => run.curve({ curve: 'trainLoss', points: 800 }) },
    {
      name: 'loss curve by time, a tenth of it',
      ask: () =>
        run.curve({ curve: 'trainLoss', x: 'time', to: head.startedAt + (figures.lastAt - head.startedAt) / 10 }),
    },
    {
      name: '100 members, most earned first',
      ask: () => run.members({ sort: 'earned', descending: true, limit: 100 }),
    },
    { name: '50 members by part of a name', ask: () => run.members({ find: 'apple', limit: 50 }) },
    { name: '20 rounds from the middle', ask: () => run.rounds({ before: middle, limit: 20 }) },
    { name: '50 log lines', ask: () => run.log({}) },
    { name: '50 problems', ask: () => run.log({ problems: true }) },
    { name: 'a member', ask: () => run.member(peerId) },
    { name: '50 lines of its work', ask: () => run.work(peerId, { limit: 50 }) },
  ];
}
