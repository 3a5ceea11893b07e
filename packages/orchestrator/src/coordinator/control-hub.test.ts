import { identityOf, signPossession } from '@murmuration/contracts';
import { address, milliseconds, runId } from '@murmuration/protocol';
import type { Address, Terms, WorkerMessageOf } from '@murmuration/protocol';
import { createNode, dialControl, keyFromRaw } from '@murmuration/protocol/net';
import type { MurmurationNode } from '@murmuration/protocol/net';
import { afterEach, expect, it } from 'vitest';
import type { Settlement } from '../settlement/settlement.ts';
import { ControlHub } from './control-hub.ts';
import type { Happening } from './driver.ts';

const registration = { chainId: 1, registry: address(`0x${'4'.repeat(40)}`) };
const raw = new Uint8Array(32).fill(7);
const own = identityOf(raw).address;
const nodes: MurmurationNode[] = [];
afterEach(() => Promise.all(nodes.splice(0).map((node) => node.stop())));

async function nodeOf(secret: Uint8Array, listen: string[]): Promise<MurmurationNode> {
  const node = await createNode({ privateKey: keyFromRaw(secret), listen, failureTimeout: milliseconds(5000) });
  nodes.push(node);
  return node;
}

/** What the hub makes of a hello with these addresses: its first event of the worker, and whom it noted. */
async function greet(fields: { address: Address; payout: Address }): Promise<{ event: Happening; noted: Address[] }> {
  const noted: Address[] = [];
  const heard = Promise.withResolvers<Happening>();
  const coordinator = await nodeOf(new Uint8Array(32).fill(1), ['/ip4/127.0.0.1/tcp/0']);
  const terms: Terms = {
    type: 'terms',
    protocolVersion: '1.0.0',
    runId: runId('test-00000001'),
    job: {},
    registration,
  };
  const settlement = { registration, note: (worker: Address) => noted.push(worker) } as unknown as Settlement;
  const hub = new ControlHub({
    node: coordinator,
    terms,
    settlement,
    state: () => null,
    dispatch: heard.resolve,
    warn: () => undefined,
  });
  await hub.serve();
  const worker = await nodeOf(raw, []);
  const silent = { onMessage: () => undefined, onClose: () => undefined };
  const { control } = await dialControl(
    worker,
    { peerId: coordinator.peerId, addresses: coordinator.addresses() },
    silent,
  );
  const domain = { chainId: registration.chainId, contract: registration.registry };
  const hello: WorkerMessageOf<'hello'> = {
    type: 'hello',
    protocolVersion: '1.0.0',
    agent: 'test',
    ...fields,
    possession: signPossession(raw, domain, { payout: fields.payout }),
    backend: 'onnx',
    adapter: { name: 'cpu', kind: 'cpu', class: 'tolerance' },
    addresses: [],
    holds: null,
  };
  await control.send(hello);
  return { event: await heard.promise, noted };
}

it('passes a hello on whose proof holds', async () => {
  const { event, noted } = await greet({ address: own, payout: own });
  expect(event).toMatchObject({ type: 'message', message: { type: 'hello', address: own } });
  expect(noted).toEqual([own]);
});

// Either would fail the one transaction that pays everybody.
it.each([
  ['the payout address 0', { address: own, payout: address(`0x${'0'.repeat(40)}`) }],
  [
    'another spelling of its address',
    { address: own.replace(/[a-f]/, (digit) => digit.toUpperCase()) as Address, payout: own },
  ],
])('refuses %s', async (_what, fields) => {
  const { event, noted } = await greet(fields);
  expect(event).toMatchObject({ type: 'faulted', code: 'FAULT_FORGED' });
  expect(noted).toEqual([]);
});
