import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { round, runId, STATE_CHUNK_BYTES, tensorTreeOfBytes, type MemberInfo } from '@murmuration/protocol';
import {
  createNode,
  keyFromRaw,
  missing,
  serveFetch,
  type FetchAnswer,
  type MurmurationNode,
} from '@murmuration/protocol/net';
import { fetchState } from './fetch-state.ts';
import { chunkOf } from './replica.ts';

const run = runId('20260101-00000001');
const state = Uint8Array.from({ length: 5 * STATE_CHUNK_BYTES + 1000 }, (_, i) => (i * 7) & 255);
const tree = tensorTreeOfBytes(state, STATE_CHUNK_BYTES);
const honest = (chunk: number): FetchAnswer => ({
  response: { type: 'ok', proof: tree.proof(chunk), total: state.length },
  body: chunkOf(state, chunk),
});
const lying = (chunk: number): FetchAnswer => ({
  ...honest(chunk),
  body: chunkOf(state, chunk).map((byte, at) => (at === 0 ? byte ^ 255 : byte)),
});

const nodes: MurmurationNode[] = [];
let asked = 0;
beforeEach(() => (asked = 0));
afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.stop()));
});

async function source(index: number, answer: (chunk: number) => FetchAnswer): Promise<MemberInfo> {
  const node = await createNode({
    privateKey: keyFromRaw(new Uint8Array(32).fill(index)),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    failureTimeout: 5000 as never,
  });
  nodes.push(node);
  await serveFetch(node, (request) => {
    asked += 1;
    return request.type === 'state' ? answer(request.chunk) : missing('a state only');
  });
  return { peerId: node.peerId, addresses: node.addresses() };
}

async function download(sources: MemberInfo[]): Promise<Uint8Array> {
  const node = await createNode({
    privateKey: keyFromRaw(new Uint8Array(32).fill(99)),
    listen: [],
    failureTimeout: 5000 as never,
  });
  nodes.push(node);
  return fetchState({ node, runId: run }, { round: round(3), stateHash: tree.root, sources }, state.length);
}

describe('a state', () => {
  it('comes whole from one source', async () => {
    expect(Buffer.compare(await download([await source(1, honest)]), state)).toBe(0);
    expect(asked).toBe(6);
  });

  it('comes whole although one source lies, one has nothing and one is gone', async () => {
    const gone = await source(4, honest);
    await Promise.all(nodes.splice(0).map((node) => node.stop()));
    const sources = [await source(1, lying), await source(2, () => missing('not here')), gone, await source(3, honest)];
    expect(Buffer.compare(await download(sources), state)).toBe(0);
  });

  it('is given up by name when every source lies', async () => {
    await expect(download([await source(1, lying), await source(2, lying)])).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    });
    expect(asked).toBeLessThan(20);
  });

  it('is given up at once when there is nobody to ask', async () => {
    await expect(download([])).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});
