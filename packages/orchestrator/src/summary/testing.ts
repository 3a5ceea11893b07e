/** A small run told in facts, for the tests of everything that shows one. */
import { address, hash, microBatch, peerId, round, timestamp, view } from '@murmuration/protocol';
import type { JournalEntry, RunFact } from '@murmuration/protocol';

export const ana = peerId('16Uiu2HAmAnaAnaAnaAnaAnaAnaAnaAnaAnaAnaAnaAnaAnaAnaAna');
export const ben = peerId('16Uiu2HAmBenBenBenBenBenBenBenBenBenBenBenBenBenBenBen');
export const anaAddress = address(`0x${'a'.repeat(40)}`);
const benAddress = address(`0x${'b'.repeat(40)}`);
const digest = hash(`0x${'5'.repeat(64)}`);

type Told = Pick<JournalEntry, 'event' | 'facts' | 'reason'>;

/** One entry with these facts at this second. */
export const told = (second: number, ...facts: RunFact[]): Told => ({
  event: { type: 'interrupted', at: timestamp(1_700_000_000_000 + second * 1000), reason: 'told' },
  facts,
  reason: 'told',
});

export const joined = (who: typeof ana): RunFact => ({
  type: 'memberJoined',
  peerId: who,
  address: who === ana ? anaAddress : benAddress,
  payout: who === ana ? anaAddress : benAddress,
  backend: 'onnx',
  adapter: { name: 'test <adapter>', kind: 'cpu', class: 'tolerance' },
  agent: 'test',
  dialable: true,
  returning: false,
});

/** Round `number`: ana trains two micro-batches of 4 samples, ben one. */
export const committed = (number: number): RunFact => ({
  type: 'roundCommitted',
  round: round(number),
  view: view(0),
  stateHash: digest,
  digest,
  trainLoss: 2 - number / 10,
  gradientNorm: 1,
  samples: 12,
  milliseconds: 50,
  members: 2,
  shares: [
    {
      peerId: ana,
      microBatches: [microBatch(3 * number), microBatch(3 * number + 1)],
      samples: 8,
      lossSum: 8,
      computeMs: 20,
      root: digest,
    },
    { peerId: ben, microBatches: [microBatch(3 * number + 2)], samples: 4, lossSum: 4, computeMs: 20, root: digest },
  ],
});

/** Ten rounds; ben fails an audit and is expelled; ana is paid. */
export const story: readonly Told[] = [
  told(0, { type: 'runStarted', rounds: 10, minMembers: 1, anchor: digest }),
  told(1, joined(ana), joined(ben)),
  ...Array.from({ length: 10 }, (_, number) => told(2 + number, committed(number))),
  told(12, {
    type: 'auditDrawn',
    audit: 0,
    round: round(3),
    target: ben,
    auditor: ana,
    microBatches: [microBatch(11)],
    rate: 0.5,
  }),
  told(13, {
    type: 'auditClosed',
    audit: 0,
    round: round(3),
    target: ben,
    outcome: 'failed',
    reason: 'relative error 1 is above 2e-4',
    verdicts: [{ auditor: ana, outcome: 'fail', relativeError: 1, reason: 'zeros' }],
  }),
  told(13, { type: 'payForfeited', peerId: ben, rounds: [round(3)], microBatches: 4, reason: 'audit 0 failed' }),
  told(13, {
    type: 'memberGone',
    peerId: ben,
    how: 'expelled',
    round: round(10),
    phase: 'training',
    code: 'AUDIT',
    reason: 'audit 0 failed',
  }),
  told(14, {
    type: 'evaluated',
    evaluation: 0,
    round: round(10),
    loss: 0.5,
    accuracy: 0.875,
    correct: 7,
    predictions: 8,
    final: true,
  }),
  told(14, {
    type: 'epochClosed',
    epoch: 0,
    round: round(10),
    totalWei: '2600',
    workers: [{ peerId: ana, address: anaAddress, verified: 20, cumulativeWei: '2000', deferred: 0 }],
  }),
  told(15, {
    type: 'epochSettled',
    epoch: 0,
    transaction: '0xfeed',
    root: digest,
    totalWei: '2600',
    attestations: [ana],
    paidWei: { [anaAddress]: '2000' },
  }),
  told(16, { type: 'checkpointed', round: round(10), stateHash: digest }),
  told(16, {
    type: 'runFinished',
    outcome: 'finished',
    code: 'FINISHED',
    reason: 'all 10 rounds are committed',
    rounds: 10,
    stateHash: digest,
  }),
];
