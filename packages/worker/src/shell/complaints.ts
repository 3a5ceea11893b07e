/** Members of a round that can't take part in it with this one, because it takes nothing from them any more. */
import type { CoordinatorMessage, MemberEvent, PeerId } from '@murmuration/protocol';
import type { PeerFaults } from '@murmuration/protocol/net-core';

type Complaint = Omit<Extract<MemberEvent, { type: 'faultSeen' }>, 'at'>;

/**
 * Complaints of contributors that have broken the protocol too often: their connections are refused, so that waiting for
 * their buckets until the deadline would be in vain.
 */
export function complaintsOfRefused(
  message: CoordinatorMessage,
  faults: Pick<PeerFaults, 'get' | 'refused'>,
): Complaint[] {
  if (message.type !== 'assign' && message.type !== 'view') return [];
  const { round, contributors } = message;
  const refused = contributors.map(({ peerId }): PeerId => peerId).filter((peerId) => faults.refused(peerId));
  return refused.map((peerId) => ({
    type: 'faultSeen',
    peerId,
    round,
    code: 'refused',
    reason:
      `nothing is taken from it after ${faults.get(peerId)?.count ?? 0} faults, the last of them: ${faults.get(peerId)?.last.message ?? ''}`.slice(
        0,
        1024,
      ),
  }));
}
