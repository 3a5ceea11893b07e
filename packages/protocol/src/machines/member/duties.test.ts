import { describe, expect, it } from 'vitest';
import type { CoordinatorMessageOf } from '../../wire/control.ts';
import { round, view } from '../../core/ids.ts';
import { hashNo, idOf, Member, own, seal } from './scenario.ts';

describe('duties', () => {
  const audit: CoordinatorMessageOf<'audit'> = {
    type: 'audit',
    audit: 3,
    round: round(0),
    assignment: view(1),
    target: { peerId: idOf('b'), addresses: [] },
    microBatches: [],
    root: hashNo(98),
    samples: 2,
  };

  it('audits while it has the round’s parameters, and keeps them until it is done', () => {
    const member = new Member().follow().gather();
    member.hear(seal());
    member.tell({ type: 'applied', round: round(0), view: view(1), stateHash: hashNo(1), gradientNorm: 3 });
    member.hear(audit);
    member.hear(audit);
    expect(member.done('audit')).toHaveLength(1);
    member.tell({ type: 'audited', audit: 3, outcome: 'compared', relativeError: 1e-7, reason: 'equal' });
    expect(member.said('verdict')).toEqual([
      { type: 'verdict', audit: 3, outcome: 'compared', relativeError: 1e-7, reason: 'equal' },
    ]);
  });

  it('says at once that it no longer has them', () => {
    const member = new Member().follow();
    member.hear(audit);
    expect(member.said('verdict')[0]).toMatchObject({ audit: 3, outcome: 'expired' });
  });

  it('does not sign an epoch that gives it less than it was told, or whose sum is wrong', () => {
    const member = new Member().follow();
    const attest = (cumulativeWei: string, totalWei: string) =>
      member.hear({
        type: 'attest',
        epoch: 1,
        root: hashNo(1),
        chainId: 1,
        settlement: own,
        jobId: hashNo(2),
        totalWei,
        leaves: [{ address: own, cumulativeWei }],
      });
    member.hear({ type: 'pay', epoch: 0, verified: 2, cumulativeWei: '20', paidWei: '0', reason: '' });
    attest('19', '19');
    attest('21', '99');
    expect(member.said('attestation').map(({ signature }) => signature)).toEqual([null, null]);
    attest('21', '21');
    expect(member.done('attest')).toHaveLength(1);
  });

  it('passes on what it is blamed for', () => {
    const member = new Member().follow();
    member.hear({ type: 'blamed', reason: 'it was late', until: null });
    expect(member.done('notice').at(-1)?.notice).toEqual({ kind: 'blamed', reason: 'it was late', until: null });
  });

  it('keeps two snapshots, parameters and contributions for the audit window, sealed buckets for joiners', () => {
    const member = new Member().follow().gather();
    member.hear(seal({ snapshot: true }));
    member.tell({ type: 'applied', round: round(0), view: view(1), stateHash: hashNo(1), gradientNorm: 3 });
    for (let at = 1; at < 12; at++) {
      member.hear(seal({ round: round(at), view: view(at + 1), snapshot: true }));
      member.tell({ type: 'reducedFetched', round: round(at), view: view(at + 1), buckets: [] });
      member.tell({
        type: 'applied',
        round: round(at),
        view: view(at + 1),
        stateHash: hashNo(at + 1),
        gradientNorm: 3,
      });
    }
    expect(member.state.snapshots).toEqual([11, 12]);
    expect(member.state.parameters).toEqual([8, 9, 10, 11]);
    const releases = member
      .done('release')
      .slice(-4)
      .map(({ kind, before }) => [kind, before]);
    expect(releases).toEqual([
      ['states', 11],
      ['parameters', 8],
      ['ownContributions', 8],
      ['sealed', 4],
    ]);
  });
});
