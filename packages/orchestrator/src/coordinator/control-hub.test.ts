import { identityOfPeerId, signAttestation, signPossession } from '@murmuration/contracts';
import {
  address,
  bucket,
  hash,
  hex,
  microBatch,
  milliseconds,
  peerId,
  PROTOCOL_VERSION,
  round,
  runId,
  view,
  wei,
} from '@murmuration/protocol';
import type {
  CoordinatorMessage,
  CoordinatorState,
  Hash,
  Terms,
  WorkerMessage,
  WorkerMessageOf,
} from '@murmuration/protocol';
import { createNode, dialControl, newKey, RelayRoster, signCommitment } from '@murmuration/protocol/net';
import type { CoordinatorControl, MurmurationNode } from '@murmuration/protocol/net';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Settlement } from '../settlement/settlement.ts';
import type { Admission } from './admission.ts';
import { ControlHub } from './control-hub.ts';
import type { Happening } from './driver.ts';

type Key = Awaited<ReturnType<typeof newKey>>;

const failureTimeout = milliseconds(4000);
const id = runId('test-20260101-00000000');
const registry = address(`0x${'1'.repeat(40)}`);
const root = hash(`0x${'5'.repeat(64)}`);
const scope = { chainId: 31_337, settlement: address(`0x${'2'.repeat(40)}`), jobId: hash(`0x${'3'.repeat(64)}`) };
const registration = { chainId: 31_337, registry };
const terms: Terms = { type: 'terms', protocolVersion: PROTOCOL_VERSION, runId: id, job: {}, registration };
const inFlight = { epoch: 4, root, totalWei: '70' };

let coordinator: MurmurationNode;
let worker: MurmurationNode;
let control: CoordinatorControl;
let hub: ControlHub;
let happened: (count: number) => Promise<Happening[]>;
let noted: string[];
/** What the admission answers; everybody is let in unless a test says otherwise. */
let admit: Admission['check'];
let roster: RelayRoster;
/** The first that the worker is told after the terms. */
let heard: PromiseWithResolvers<CoordinatorMessage>;
let stated: Terms;
/** A contributor of the round under way other than the worker, which owns its only bucket. */
let other: Key;

/** What the hub dispatches, as it comes. */
function recorder(): { dispatch: (happening: Happening) => void; happened: typeof happened } {
  const seen: Happening[] = [];
  const waiting: (() => void)[] = [];
  return {
    dispatch: (happening) => {
      seen.push(happening);
      for (const wake of waiting.splice(0)) wake();
    },
    happened: async (count) => {
      while (seen.length < count) await new Promise<void>((resolve) => waiting.push(resolve));
      return seen;
    },
  };
}

beforeEach(async () => {
  const node = async (): Promise<MurmurationNode> =>
    createNode({ privateKey: await newKey(), listen: ['/ip4/127.0.0.1/tcp/0'], failureTimeout });
  [coordinator, worker] = [await node(), await node()];
  const recorded = recorder();
  ({ happened } = recorded);
  noted = [];
  admit = () => ({ admitted: true });
  roster = new RelayRoster();
  heard = Promise.withResolvers();
  const settlement = { registration, scope, note: (who: string) => noted.push(who) } as unknown as Settlement;
  other = await newKey();
  const state = () => ({ config: { runId: id }, settlement: { inFlight }, phase }) as unknown as CoordinatorState;
  const contributor = peerId(other.publicKey.toString());
  const phase = {
    name: 'training',
    round: {
      round: work.round,
      view: work.assignment,
      assignment: work.assignment,
      contributors: [{ peerId: contributor, assignment: work.assignment, microBatches: work.microBatches }],
      owners: [worker.peerId],
      reduced: [null],
      commitments: { [contributor]: { root, samples: work.samples } },
      shown: {},
    },
  };
  hub = new ControlHub({
    node: coordinator,
    terms,
    admission: { ownToken: null, check: (peer, token) => admit(peer, token) },
    roster,
    settlement,
    state,
    dispatch: recorded.dispatch,
    warn: () => undefined,
  });
  await hub.serve();
  const dialled = await dialControl(
    worker,
    { peerId: coordinator.peerId, addresses: coordinator.addresses() },
    { onMessage: (message) => heard.resolve(message), onClose: () => undefined },
  );
  control = dialled.control;
  stated = dialled.terms;
});
afterEach(async () => {
  await hub.close();
  await Promise.all([coordinator.stop(), worker.stop()]);
});

const own = (): string => identityOfPeerId(worker.peerId).address;
const hello = (changed: Partial<WorkerMessageOf<'hello'>> = {}): WorkerMessageOf<'hello'> => ({
  type: 'hello',
  protocolVersion: PROTOCOL_VERSION,
  agent: 'test',
  address: address(own()),
  payout: address(own()),
  possession: signPossession(
    worker.privateKey.raw,
    { chainId: registration.chainId, contract: registry },
    { payout: address(own()) },
  ),
  backend: 'onnx',
  adapter: { name: 'test', kind: 'cpu', class: 'tolerance' },
  token: null,
  addresses: [],
  holds: null,
  ...changed,
});
const work = { runId: id, round: round(2), assignment: view(1), root, microBatches: [microBatch(5)], samples: 8 };
const commit = (signature: string): WorkerMessage => {
  const { runId: _runId, ...terms } = work;
  return { type: 'commit', ...terms, lossSum: 1, computeMs: 1, signature: hex(signature) };
};
const elsewhere = { ...work, root: hash(`0x${'6'.repeat(64)}`) };
/** The worker says that the other contributor showed it this. */
const reduced = (shown: { root: Hash; samples: number }, signature: string): WorkerMessage => ({
  type: 'reduced',
  round: work.round,
  view: work.assignment,
  buckets: [{ bucket: bucket(0), hash: root }],
  commitments: [{ root: shown.root, samples: shown.samples, signature: hex(signature) }],
});
const attestation = (key: Uint8Array): WorkerMessage => {
  const statement = { jobId: scope.jobId, epoch: 4, root, totalWei: wei(70n) };
  return {
    type: 'attestation',
    epoch: 4,
    root,
    signature: signAttestation(key, { chainId: scope.chainId, contract: scope.settlement }, statement),
    reason: '',
  };
};

describe('ControlHub', () => {
  it('states the terms before anything is said', () => expect(stated).toEqual(terms));

  it('hands on what is signed as it should be, and notes the registration', async () => {
    const messages = [hello(), commit(signCommitment(worker.privateKey, work)), attestation(worker.privateKey.raw)];
    for (const message of messages) await control.send(message);
    expect(await happened(3)).toEqual(messages.map((message) => ({ type: 'message', from: worker.peerId, message })));
    expect(noted).toEqual([own()]);
  });

  it('hands on what an owner was shown, when it is what the coordinator was told or bears its maker’s signature', async () => {
    const messages = [reduced(work, '0x'), reduced(elsewhere, signCommitment(other, elsewhere))];
    for (const message of messages) await control.send(message);
    expect(await happened(2)).toEqual(messages.map((message) => ({ type: 'message', from: worker.peerId, message })));
  });

  it.each<[string, () => Promise<WorkerMessage>]>([
    ['another’s address', async () => hello({ address: address(`0x${'9'.repeat(40)}`) })],
    ['a proof of possession for another payout', async () => hello({ payout: address(`0x${'9'.repeat(40)}`) })],
    ['a commitment signed by another key', async () => commit(signCommitment(await newKey(), work))],
    ['a commitment to other work', async () => commit(signCommitment(worker.privateKey, { ...work, samples: 9 }))],
    [
      'another’s commitment that it signed itself',
      async () => reduced(elsewhere, signCommitment(worker.privateKey, elsewhere)),
    ],
    [
      'another’s commitment to an earlier round',
      async () => reduced(elsewhere, signCommitment(other, { ...elsewhere, round: round(1) })),
    ],
    [
      'another’s commitment with another weight',
      async () => reduced({ ...work, samples: 9 }, signCommitment(other, work)),
    ],
    ['an attestation signed by another key', async () => attestation((await newKey()).raw)],
  ])('cuts off a peer with %s', async (_what, forge) => {
    await control.send(await forge());
    expect(await happened(1)).toMatchObject([{ type: 'faulted', peerId: worker.peerId, code: 'FAULT_FORGED' }]);
    expect(coordinator.faults.get(worker.peerId)?.count).toBe(1);
    expect(noted).toEqual([]);
  });

  it('cuts off a peer that says hello twice on one stream', async () => {
    for (let time = 0; time < 2; time++) await control.send(hello());
    expect(await happened(2)).toMatchObject([
      { type: 'message' },
      { type: 'faulted', peerId: worker.peerId, code: 'FAULT_UNEXPECTED' },
    ]);
  });

  it('lets in who has the token, and passes the token on to nobody', async () => {
    const asked: (string | null)[] = [];
    admit = async (_peer, token) => {
      asked.push(token);
      return { admitted: true };
    };
    await control.send(hello({ token: 'a secret of the run' }));
    const seen = await happened(1);
    expect(seen).toEqual([{ type: 'message', from: worker.peerId, message: hello() }]);
    expect(JSON.stringify(seen)).not.toContain('secret');
    expect(asked).toEqual(['a secret of the run']);
  });

  it.each(['TOKEN_REQUIRED', 'TOKEN_REFUSED'] as const)('tells a volunteer why it stays out: %s', async (code) => {
    admit = () => ({ admitted: false, code, reason: 'Ask for a link.' });
    await control.send(hello({ token: 'a guess' }));
    expect(await heard.promise).toEqual({ type: 'refuse', code, reason: 'Ask for a link.' });
    expect((await happened(1)).map(({ type }) => type)).toEqual(['disconnected']);
    expect(noted).toEqual([]);
    expect(roster.mayReserve(worker.peerId)).toBe(false);
    expect(coordinator.faults.get(worker.peerId)).toBeNull();
  });

  it('relays for members alone', async () => {
    await control.send(hello());
    await happened(1);
    expect(roster.mayReserve(worker.peerId)).toBe(true);
    expect(roster.mayConnect(worker.peerId, worker.peerId)).toBe(false);
    hub.send([worker.peerId], { type: 'welcome', runId: id, job: {}, heartbeatMs: 1000, sync: null });
    expect(roster.mayConnect(worker.peerId, worker.peerId)).toBe(true);
    await worker.stop();
    await happened(2);
    expect(roster.mayReserve(worker.peerId)).toBe(false);
  });

  it('waits for a hello and nothing else', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const closed = Promise.withResolvers<void>();
    const again = await dialControl(
      worker,
      { peerId: coordinator.peerId, addresses: coordinator.addresses() },
      { onMessage: () => undefined, onClose: () => closed.resolve() },
    );
    await again.control.send({ type: 'heartbeat', round: round(0), phase: 'waiting' });
    await happened(2);
    expect(roster.mayReserve(worker.peerId)).toBe(true);
    vi.advanceTimersByTime(100 * failureTimeout);
    await closed.promise;
    await happened(3);
    expect(roster.mayReserve(worker.peerId)).toBe(false);
  });

  it('says when a worker is gone', async () => {
    await control.send(hello());
    await happened(1);
    await worker.stop();
    expect((await happened(2))[1]).toMatchObject({ type: 'disconnected', peerId: worker.peerId });
  });

  it('listens to the newer of two streams of one worker', async () => {
    await control.send(hello());
    await happened(1);
    const again = await dialControl(
      worker,
      { peerId: coordinator.peerId, addresses: coordinator.addresses() },
      { onMessage: () => undefined, onClose: () => undefined },
    );
    await again.control.send(hello());
    expect((await happened(3)).map(({ type }) => type)).toEqual(['message', 'disconnected', 'message']);
  });
});
