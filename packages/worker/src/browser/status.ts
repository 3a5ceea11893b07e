/** All that a tab's worker said, folded into what a page shows. Pure. */
import type { TabEvent, TabStatus } from './face.ts';

const MAX_PROBLEMS = 20;

export const initialStatus = (share: number): TabStatus => ({
  phase: 'starting',
  reason: 'Loading the worker.',
  peerId: null,
  payout: null,
  device: null,
  share,
  hidden: false,
  round: null,
  stateHash: null,
  contributed: 0,
  accepted: 0,
  loss: null,
  samplesPerSecond: null,
  data: null,
  state: null,
  verified: 0,
  earnedWei: '0',
  paidWei: '0',
  problems: [],
  end: null,
});

type Rules = {
  readonly [T in TabEvent['event']]: (status: TabStatus, event: Extract<TabEvent, { event: T }>) => Partial<TabStatus>;
};

const problem = ({ problems }: TabStatus, code: string, message: string): Pick<TabStatus, 'problems'> => ({
  problems: [...problems, { code, message }].slice(-MAX_PROBLEMS),
});

const rules: Rules = {
  'worker.started': (_, { peerId, payout }) => ({ peerId, payout }),
  'worker.connecting': () => ({ phase: 'connecting', reason: 'Dialling the coordinator.' }),
  'worker.compiling': (_, { done, total }) => ({
    phase: 'preparing',
    reason: `Making the model’s kernels for this device${total === 0 ? '' : `: ${done} of ${total}`}.`,
  }),
  'worker.backend': (_, { backend, adapter, reason, memoryBytes }) => ({
    device: { backend, adapter: adapter.name, kind: adapter.kind, reason, memoryBytes },
  }),
  'worker.connected': () => ({ phase: 'preparing', reason: 'Connected; asking to be admitted.' }),
  'worker.admitted': () => ({ phase: 'preparing', reason: 'Admitted; getting the data.' }),
  'worker.disconnected': (status, { reason }) => ({
    phase: 'reconnecting',
    reason: 'The connection is lost; dialling again.',
    ...problem(status, 'DISCONNECTED', reason),
  }),
  'worker.syncing': (_, { round, received, bytes }) => ({
    phase: 'synchronising',
    reason: `Fetching the model at round ${round} from other members.`,
    state: { received, bytes },
  }),
  'worker.synced': (_, { bytes }) => ({ state: { received: bytes, bytes } }),
  'worker.ready': (_, { round }) => ({ phase: 'training', reason: 'Taking part.', round }),
  'worker.contributed': (status, { microBatches, samples, loss, computeMs }) => ({
    contributed: status.contributed + microBatches,
    loss,
    samplesPerSecond: computeMs > 0 ? (samples / computeMs) * 1000 : null,
  }),
  'worker.applied': (status, { round, stateHash, microBatches }) => ({
    phase: 'training',
    reason: 'Taking part.',
    round,
    stateHash,
    accepted: status.accepted + microBatches,
  }),
  'worker.audited': () => ({}),
  'worker.attested': (status, { signed, epoch, reason }) =>
    signed ? {} : problem(status, 'NOT_ATTESTED', `Epoch ${epoch} was not signed: ${reason}`),
  'worker.pay': (_, { verified, cumulativeWei, paidWei }) => ({ verified, earnedWei: cumulativeWei, paidWei }),
  'worker.problem': (status, { code, message }) => problem(status, code, message),
  'worker.finished': () => ({}),
  'tab.phase': (_, { phase, reason }) => ({ phase, reason }),
  'tab.data': (_, { received, cached, bytes }) => ({ data: { received, cached, bytes } }),
  'tab.share': (_, { share }) => ({ share }),
  'tab.visibility': (_, { hidden }) => ({ hidden }),
  'tab.ended': (status, { outcome, code, reason }) => ({
    phase: 'ended',
    reason,
    end: { outcome, code, reason },
    ...(outcome === 'finished' || outcome === 'interrupted' ? {} : problem(status, code, reason)),
  }),
};

export const foldStatus = (status: TabStatus, event: TabEvent): TabStatus => ({
  ...status,
  ...(rules[event.event] as (status: TabStatus, event: TabEvent) => Partial<TabStatus>)(status, event),
});
