import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeRecord, encodeScalars, EventFile, maskedCrc } from './tensorboard.ts';

describe('TensorBoard events', () => {
  it('masks the CRC-32C of the standard vector', () => {
    // CRC-32C("123456789") = 0xe3069283; rotated right by 15 and offset by 0xa282ead8.
    expect(maskedCrc(Buffer.from('123456789'))).toBe(
      (((0xe306_9283 >>> 15) | (0xe306_9283 << 17)) + 0xa282_ead8) >>> 0,
    );
  });

  it('frames a record as length, its CRC, data, its CRC', () => {
    const record = encodeRecord(Buffer.from([1, 2, 3]));
    const view = new DataView(record.buffer);
    expect(record.length).toBe(19);
    expect(view.getBigUint64(0, true)).toBe(3n);
    expect(view.getUint32(8, true)).toBe(maskedCrc(Buffer.from([3, 0, 0, 0, 0, 0, 0, 0])));
    expect([...record.subarray(12, 15)]).toEqual([1, 2, 3]);
    expect(view.getUint32(15, true)).toBe(maskedCrc(Buffer.from([1, 2, 3])));
  });

  it('encodes a scalar as TensorFlow does', () => {
    // wall_time = 1 (fixed64), step = 3 (varint), summary { value { tag: "a", simple_value: 0.5 } }
    expect(Buffer.from(encodeScalars(3, 1, { a: 0.5 })).toString('hex')).toBe(
      `09000000000000f03f10032a0a0a080a0161150000003f`,
    );
  });

  it('starts a file with the version that TensorBoard looks for', () => {
    const directory = mkdtempSync(join(tmpdir(), 'events-'));
    try {
      const events = new EventFile(directory, 1_700_000_000);
      events.add(1, 1_700_000_001, { loss: 2 });
      events.close();
      const [name = ''] = readdirSync(directory);
      expect(name).toMatch(/^events\.out\.tfevents\.1700000000\./);
      expect(readFileSync(join(directory, name)).includes('brain.Event:2')).toBe(true);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
