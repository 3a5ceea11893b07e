import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createHostKernels } from '@murmuration/kernels/exact';
import { parameterLayout } from '@murmuration/kernels/graph';
import { milliseconds, round, runId, type MemberInfo, type Round } from '@murmuration/protocol';
import { createNode, keyFromRaw, serveFetch, type MurmurationNode } from '@murmuration/protocol/net';
import { noFaults } from '../shell/faults.ts';
import { KeptStates } from './kept-states.ts';
import { chunkOf, Replica, type StateCopy } from './replica.ts';
import { Updater, type UpdaterParts } from './updater.ts';

const layout = parameterLayout({ type: 'mlp', inputs: 2, hidden: [], outputs: 2, activation: 'relu' });
const wave = (phase: number): Float32Array => Float32Array.from({ length: layout.size }, (_, i) => Math.sin(i + phase));
const options = {
  layout,
  rounds: 20,
  schedule: { type: 'constant', warmup: 0 },
  optimizer: { type: 'sgd', learningRate: 0.1, momentum: 0, nesterov: false, weightDecay: 0 },
} as const;

const nodes: MurmurationNode[] = [];
let replica: Replica;
let kept: KeptStates;
let updater: Updater;
beforeEach(async () => {
  replica = new Replica(await createHostKernels(), options);
  kept = new KeptStates();
  updater = new Updater({
    node: await nodeNo(1),
    runId: runId('20260101-00000001'),
    replica,
    kept,
    faults: noFaults,
    start: () => wave(0),
    onProgress: () => undefined,
  } as Partial<UpdaterParts> as UpdaterParts);
});
afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.stop()));
});

async function nodeNo(index: number): Promise<MurmurationNode> {
  const node = await createNode({
    privateKey: keyFromRaw(new Uint8Array(32).fill(index)),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    failureTimeout: milliseconds(10_000),
  });
  nodes.push(node);
  return node;
}

/** A member that serves a state. */
async function source({ bytes, tree }: StateCopy): Promise<MemberInfo> {
  const node = await nodeNo(2);
  await serveFetch(node, (request) => {
    const chunk = request.type === 'state' ? request.chunk : 0;
    return {
      response: { type: 'ok', proof: tree.proof(chunk), total: bytes.length },
      body: chunkOf(bytes, chunk).slice(),
    };
  });
  return { peerId: node.peerId, addresses: node.addresses() };
}

/** Applies rounds up to `until`, keeping everything. */
async function train(until: number, phase: number): Promise<void> {
  for (;;) {
    const at = replica.round!;
    updater.retain({ type: 'retain', kind: 'parameters', round: at });
    updater.retain({ type: 'retain', kind: 'state', round: at });
    if (at === until) return;
    await replica.apply(() => wave(phase));
  }
}

const keptRounds = (): number[] =>
  Array.from({ length: 6 }, (_, at) => round(at)).filter(
    (at: Round) => kept.parametersAt(at) !== null && kept.stateAt(at) !== null,
  );

describe('a member that comes to another state', () => {
  it('keeps nothing of the rounds that it leaves when it begins again', async () => {
    await updater.initialise();
    await train(3, 1);
    expect(keptRounds()).toEqual([0, 1, 2, 3]);
    await updater.initialise();
    expect(keptRounds()).toEqual([]);
  });

  it('keeps the rounds before a state that it fetches, and none from there on', async () => {
    await updater.initialise();
    await train(2, 1);
    const earlier = replica.copy()!;
    await train(5, 1);
    expect(keptRounds()).toEqual([0, 1, 2, 3, 4, 5]);
    const sources = [await source(earlier)];
    const sync = { type: 'fetchState', round: round(2), stateHash: earlier.tree.root, sources } as const;
    expect(await updater.fetchState(sync)).toMatchObject({ round: 2 });
    expect(keptRounds()).toEqual([0, 1]);
  });
});
