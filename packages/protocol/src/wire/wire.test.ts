import { Packr } from 'msgpackr';
import { describe, expect, it } from 'vitest';
import { hash, microBatch, round, runId, view } from '../core/ids.ts';
import { bucketFrameCodec, coordinatorCodec, MalformedMessageError, workerCodec } from './codec.ts';
import { commitmentDigest } from './commitment.ts';
import { assertProtocolVersion, ProtocolVersionError, speaksOurVersion } from './version.ts';

const packr = new Packr({ useRecords: false });
const zero = hash(`0x${'0'.repeat(64)}`);
const gathered = { type: 'gathered', round: round(3), view: view(9), digest: zero } as const;

describe('control messages', () => {
  it('come out as they went in', () => {
    expect(workerCodec.decode(workerCodec.encode(gathered))).toEqual(gathered);
    const stop = { type: 'stop', outcome: 'finished', reason: 'done' } as const;
    expect(coordinatorCodec.decode(coordinatorCodec.encode(stop))).toEqual(stop);
  });

  it.each([
    ['no msgpack', Uint8Array.of(0xc1, 1, 2)],
    ['nothing', new Uint8Array(0)],
    ['a type that is none', packr.pack({ type: 'gather' })],
    ['a missing field', packr.pack({ type: 'gathered', round: 3, view: 9 })],
    ['an unknown field', packr.pack({ ...gathered, extra: 1 })],
    ['a negative round', packr.pack({ ...gathered, round: -1 })],
    ['a NaN', packr.pack({ type: 'applied', round: 1, view: 1, stateHash: zero, gradientNorm: Number.NaN })],
    ['a hash in capitals', packr.pack({ ...gathered, digest: `0x${'A'.repeat(64)}` })],
    ['a text that is too long', packr.pack({ type: 'leave', reason: 'x'.repeat(5000) })],
    ['a message of the other side', coordinatorCodec.encode({ type: 'stop', outcome: 'finished', reason: '' })],
  ])('with %s are refused by name', (_what, bytes) => {
    expect(() => workerCodec.decode(bytes)).toThrow(MalformedMessageError);
  });
});

describe('bucket frames', () => {
  it('carry all that a commitment’s signature is over', () => {
    const frame = {
      type: 'contribution',
      runId: runId('test-00000001'),
      round: round(1),
      assignment: view(4),
      microBatches: [microBatch(7)],
      bucket: 2,
      samples: 32,
      root: zero,
      signature: '0x01',
      proof: [zero],
    } as never;
    expect(bucketFrameCodec.decode(bucketFrameCodec.encode(frame))).toEqual(frame);
  });
});

describe('a commitment', () => {
  const terms = {
    runId: runId('test-00000001'),
    round: round(1),
    assignment: view(4),
    root: zero,
    microBatches: [microBatch(7)],
    samples: 32,
  };

  it('is a digest of every term', () => {
    const digests = [
      terms,
      { ...terms, samples: 33 },
      { ...terms, assignment: view(5) },
      { ...terms, round: round(2) },
      { ...terms, microBatches: [] },
    ].map((each) => Buffer.from(commitmentDigest(each)).toString('hex'));
    expect(new Set(digests).size).toBe(5);
    expect(digests[0]).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('versions', () => {
  it('agree when the first number does', () => {
    expect(['2.0.0', '2.9.3'].every(speaksOurVersion)).toBe(true);
    expect(() => assertProtocolVersion('1.9.3')).toThrow(ProtocolVersionError);
    expect(() => assertProtocolVersion('')).toThrow(/same version/);
  });
});
