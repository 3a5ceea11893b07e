import { describe, expect, it } from 'vitest';
import { peerId, round, view, type CoordinatorMessage } from '@murmuration/protocol';
import { PeerFaultError, PeerFaults } from '@murmuration/protocol/net-core';
import { complaintsOfRefused } from './complaints.ts';

const [honest, rogue] = ['A', 'B'].map((letter) => peerId(`16Uiu2HAm${letter.repeat(44)}`)) as [never, never];
const assign: CoordinatorMessage = {
  type: 'assign',
  round: round(7),
  view: view(9),
  assignment: view(9),
  contributors: [honest, rogue].map((peer) => ({ peerId: peer, assignment: view(9), microBatches: [] })),
  owners: [],
  members: [],
  deadlineMs: 1000,
};

describe('a member that is handed a round', () => {
  it('says at once whose connections it refuses, and why', () => {
    const faults = new PeerFaults();
    const fault = new PeerFaultError({ peer: rogue, fault: 'forged', detail: 'it sent another bucket' });
    faults.record(rogue, fault);
    expect(complaintsOfRefused(assign, faults)).toEqual([]);
    for (let more = 0; more < 2; more++) faults.record(rogue, fault);
    expect(complaintsOfRefused(assign, faults)).toEqual([
      {
        type: 'faultSeen',
        peerId: rogue,
        round: 7,
        code: 'refused',
        reason: expect.stringMatching(/3 faults.*forged/),
      },
    ]);
    expect(complaintsOfRefused({ type: 'refuse', code: 'RUN_FULL', reason: '' }, faults)).toEqual([]);
  });
});
