/** A round as its members are told of it. */
import type { Bucket, PeerId } from '../../core/ids.ts';
import type { Milliseconds } from '../../core/units.ts';
import type { CoordinatorMessageOf, MemberInfo } from '../../wire/control.ts';
import type { RoundState } from './state.ts';

type Fields = Pick<RoundState, 'round' | 'view' | 'assignment' | 'contributors' | 'owners'>;

function viewFields({ round, view, assignment, contributors, owners }: Fields, members: readonly MemberInfo[]) {
  const index = new Map<PeerId, number>(members.map(({ peerId }, i) => [peerId, i]));
  return {
    round,
    view,
    assignment,
    contributors: contributors.map((contributor) => ({ ...contributor, microBatches: [...contributor.microBatches] })),
    owners: owners.map((owner) => index.get(owner) ?? 0),
    members: [...members],
  };
}

export const assignMessage = (
  round: Fields,
  members: readonly MemberInfo[],
  deadlineMs: Milliseconds,
): CoordinatorMessageOf<'assign'> => ({ type: 'assign', ...viewFields(round, members), deadlineMs });

export const viewMessage = (
  round: Fields,
  members: readonly MemberInfo[],
  reason: string,
): CoordinatorMessageOf<'view'> => ({ type: 'view', ...viewFields(round, members), reason });

/** The buckets that a member owns. */
export const bucketsOf = ({ owners }: Pick<RoundState, 'owners'>, peerId: PeerId): Bucket[] =>
  owners.flatMap((owner, bucket) => (owner === peerId ? [bucket as Bucket] : []));
