import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { milliseconds, PROTOCOL_VERSION, runId, type Terms } from '@murmuration/protocol';
import { createNode, keyFromRaw, serveControl, type MurmurationNode } from '@murmuration/protocol/net';
import { CoordinatorLink } from './coordinator-link.ts';

const terms: Terms = {
  type: 'terms',
  protocolVersion: PROTOCOL_VERSION,
  runId: runId('20260101-00000001'),
  job: { name: 'x' },
  registration: null,
};

const nodes: MurmurationNode[] = [];
beforeEach(async () => {
  for (const index of [1, 2])
    nodes.push(
      await createNode({
        privateKey: keyFromRaw(new Uint8Array(32).fill(index)),
        listen: ['/ip4/127.0.0.1/tcp/0'],
        failureTimeout: milliseconds(10_000),
      }),
    );
  await serveControl(
    nodes[0]!,
    () => terms,
    () => ({ onMessage: () => undefined, onClose: () => undefined }),
  );
});
afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.stop()));
});

/** A link whose worker prepares in this way. */
function linkOf(prepare: () => Promise<void>): { link: CoordinatorLink; asked: Promise<void> } {
  const [coordinator, node] = nodes as [MurmurationNode, MurmurationNode];
  const asked = Promise.withResolvers<void>();
  const link = new CoordinatorLink({
    node,
    coordinator: { peerId: coordinator.peerId, addresses: coordinator.addresses() },
    isReady: () => false,
    prepare: () => {
      asked.resolve();
      return prepare();
    },
    onMessage: () => undefined,
    onUnrelayed: () => undefined,
    onGone: () => undefined,
  });
  return { link, asked: asked.promise };
}

describe('a link to a coordinator', () => {
  it('is given up at once by whoever leaves while it prepares', async () => {
    const leaving = new AbortController();
    const work = Promise.withResolvers<void>();
    const { link, asked } = linkOf(() => work.promise);
    const opened = link.open(leaving.signal);
    opened.catch(() => undefined);
    await asked;
    leaving.abort(new Error('enough'));
    await expect(opened).rejects.toThrow('enough');
    // It fails when its device is taken away, and nobody waits for it any more.
    work.reject(new Error('the device is gone'));
  });

  it('ends with what keeps this worker from being prepared', async () => {
    const { link } = linkOf(async () => {
      throw new Error('no room');
    });
    await expect(link.open(new AbortController().signal)).rejects.toThrow('no room');
  });
});
