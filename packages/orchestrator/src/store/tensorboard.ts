/**
 * TensorBoard event files: TFRecords (`u64le length | masked CRC-32C of the length | data | masked CRC-32C of the data`)
 * that each hold one `tensorflow.Event` message.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import crc32c from 'crc-32/crc32c.js';
import protobuf from 'protobufjs';

/** The part of tensorflow/core/util/event.proto and framework/summary.proto that scalars need. */
const schema = protobuf.parse(`
  syntax = "proto3";
  message Summary {
    message Value { string tag = 1; float simple_value = 2; }
    repeated Value value = 1;
  }
  message Event {
    double wall_time = 1;
    int64 step = 2;
    string file_version = 3;
    Summary summary = 5;
  }
`).root;
const eventType = schema.lookupType('Event');

/** A scalar at a step, by its tag (`train/loss`). */
export type Scalars = Readonly<Record<string, number>>;

/** CRC-32C, rotated and shifted as TFRecord wants it, so that a CRC of data that holds CRCs stays strong. */
export function maskedCrc(bytes: Uint8Array): number {
  const crc = crc32c.buf(bytes) >>> 0;
  return (((crc >>> 15) | (crc << 17)) + 0xa282_ead8) >>> 0;
}

/** One TFRecord around `data`. */
export function encodeRecord(data: Uint8Array): Uint8Array {
  const record = new Uint8Array(12 + data.length + 4);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedCrc(record.subarray(0, 8)), true);
  record.set(data, 12);
  view.setUint32(12 + data.length, maskedCrc(data), true);
  return record;
}

/** The message for scalars at a step; `wallTime` in seconds since 1970. */
export function encodeScalars(step: number, wallTime: number, scalars: Scalars): Uint8Array {
  const value = Object.entries(scalars).map(([tag, simpleValue]) => ({ tag, simpleValue }));
  return eventType.encode(eventType.create({ wallTime, step, summary: { value } })).finish();
}

/** Appends events to one file, which TensorBoard may be reading. */
export class EventFile {
  readonly #handle: number;

  constructor(directory: string, wallTime: number) {
    const name = `events.out.tfevents.${Math.floor(wallTime)}.${hostname()}.${process.pid}`;
    this.#handle = openSync(join(directory, name), 'a');
    this.#append(eventType.encode(eventType.create({ wallTime, fileVersion: 'brain.Event:2' })).finish());
  }

  add(step: number, wallTime: number, scalars: Scalars): void {
    this.#append(encodeScalars(step, wallTime, scalars));
  }

  close(): void {
    closeSync(this.#handle);
  }

  #append(event: Uint8Array): void {
    writeSync(this.#handle, encodeRecord(event));
  }
}
