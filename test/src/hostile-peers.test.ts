/** Strangers who speak nonsense to a running coordinator are refused; the run does not notice. */
import { generateKeyPair } from '@libp2p/crypto/keys';
import { noise } from '@libp2p/noise';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import { describe, expect, it } from 'vitest';
import { Packr } from 'msgpackr';
import { finished } from './support/runs.ts';
import { TestRun } from './support/start.ts';

const CONTROL = '/murmuration/control/1.0.0';

/** `u32le length | bytes`, the framing of control messages. */
function framed(body: Uint8Array, length = body.length): Uint8Array {
  const frame = new Uint8Array(4 + body.length);
  new DataView(frame.buffer).setUint32(0, length, true);
  frame.set(body, 4);
  return frame;
}

/** Dials as a stranger, sends the bytes on the control protocol, resolves when the coordinator has closed the stream. */
async function speak(address: string, bytes: Uint8Array): Promise<void> {
  const stranger = await createLibp2p({
    privateKey: await generateKeyPair('secp256k1'),
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
  });
  try {
    const stream = await stranger.dialProtocol(multiaddr(address), CONTROL);
    const closed = new Promise<void>((resolve) => stream.addEventListener('close', () => resolve()));
    stream.send(bytes);
    await closed;
  } finally {
    await stranger.stop();
  }
}

const message = (value: unknown): Uint8Array => framed(new Packr({ useRecords: false }).pack(value));

describe('a stranger who sends', () => {
  it.each<[string, Uint8Array]>([
    ['garbage', framed(crypto.getRandomValues(new Uint8Array(512)))],
    ['an oversized message', framed(new Uint8Array(64), 0x7fff_ffff)],
    ['an unknown message', message({ type: 'give-me-money' })],
    ['another version of the protocol', message({ type: 'hello', protocolVersion: '9.0.0' })],
  ])('%s is cut off, and the run finishes', async (_what, bytes) => {
    await using run = new TestRun({ training: { rounds: 30 }, workers: { spawn: 2, minimum: 2 } });
    await run.committed(2);
    await speak(await run.address(), bytes);
    const result = await finished(run.command);
    expect(result.rounds).toBe(30);
    expect(result.workers).toHaveLength(2);
  });
});
