/**
 * Protobuf's wire format, read with nothing trusted: lengths are checked against what is left before they are used, whole
 * numbers are kept within what a double holds exactly, and what is read never makes more objects than a budget allows.
 * protobufjs would build an object for each empty message of a file, hundreds of bytes for two.
 */
import { OnnxFileError } from '../errors.ts';

/** Wire types that ONNX uses. Groups (3, 4) are older than ONNX. */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** What one file may make in memory, counted down over all of its messages. */
export class ReadBudget {
  #left: number;

  /** @param items list entries of any kind: nodes, names, dimensions, numbers outside of raw data */
  constructor(items: number) {
    this.#left = items;
  }

  /** Counts `items` more. @throws OnnxFileError when the budget is spent */
  spend(items: number, place: string): void {
    this.#left -= items;
    if (this.#left >= 0) return;
    throw new OnnxFileError({
      place,
      problem: 'it has more nodes, names and numbers than a model needs',
      mend: 'Export the model with its weights as raw data, and without unrolled loops.',
    });
  }
}

/** Longest name or operator. */
const MAX_TEXT = 4096;
/** A varint has at most ten bytes. */
const MAX_VARINT = 10;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Reads the fields of one message, [start, end) of the file. */
export class WireReader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at: number;
  readonly budget: ReadBudget;
  /** Path of the message, for errors. */
  readonly place: string;

  constructor(bytes: Uint8Array, budget: ReadBudget, place: string) {
    this.#bytes = bytes;
    this.#at = 0;
    this.#end = bytes.length;
    this.budget = budget;
    this.place = place;
  }

  get done(): boolean {
    return this.#at >= this.#end;
  }

  fail(problem: string): never {
    throw new OnnxFileError({ place: this.place, problem });
  }

  /** Field number and wire type. */
  tag(): { field: number; wire: number } {
    const key = this.integer();
    const field = Math.floor(key / 8);
    if (key < 8 || field >= 2 ** 29) this.fail(`${key} is no field`);
    return { field, wire: key % 8 };
  }

  /**
   * A signed 64-bit varint. Beyond ±2⁵³ it is brought to that bound: exporters write the greatest integer where they mean
   * "to the end", and nothing else is as large.
   */
  integer(): number {
    let [low, high] = [0, 0];
    for (let read = 0; read < MAX_VARINT; read++) {
      if (this.done) this.fail('it ends inside a number');
      const byte = this.#bytes[this.#at++]!;
      const bits = byte & 0x7f;
      if (read < 4) low += bits * 2 ** (7 * read);
      else if (read === 4) {
        low += (bits & 0x0f) * 2 ** 28;
        high += bits >>> 4;
      } else high += bits * 2 ** (7 * read - 32);
      if (byte < 0x80) return wholeNumber(low, high % 2 ** 32);
    }
    return this.fail('a number has more than ten bytes');
  }

  /** A length-delimited field's bytes: a view, nothing is copied. */
  bytes(): Uint8Array {
    const length = this.integer();
    if (length < 0 || length > this.#end - this.#at)
      this.fail(`it claims ${length} bytes where ${this.#end - this.#at} are left`);
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  text(): string {
    const bytes = this.bytes();
    if (bytes.length > MAX_TEXT) this.fail(`a name has ${bytes.length} bytes, more than ${MAX_TEXT}`);
    try {
      return utf8.decode(bytes);
    } catch {
      return this.fail('a name is not UTF-8');
    }
  }

  /** An IEEE-754 single. */
  float(): number {
    const bytes = this.#take(4);
    return new DataView(bytes.buffer, bytes.byteOffset, 4).getFloat32(0, true);
  }

  double(): number {
    const bytes = this.#take(8);
    return new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0, true);
  }

  /** The message in a length-delimited field. */
  message(name: string): WireReader {
    return new WireReader(this.bytes(), this.budget, `${this.place}.${name}`);
  }

  /** Passes over a field that we don't know. */
  skip(wire: number): void {
    if (wire === WIRE.varint) this.integer();
    else if (wire === WIRE.fixed64) this.#take(8);
    else if (wire === WIRE.bytes) this.bytes();
    else if (wire === WIRE.fixed32) this.#take(4);
    else this.fail(`wire type ${wire} is not used by ONNX`);
  }

  #take(length: number): Uint8Array {
    if (length > this.#end - this.#at) this.fail('it ends inside a number');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}

/** Two's complement halves as a number, brought to ±(2⁵³ − 1). */
function wholeNumber(low: number, high: number): number {
  const value = (high >= 2 ** 31 ? high - 2 ** 32 : high) * 2 ** 32 + low;
  return Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, value));
}

/** What to do with a field: its wire type, and how it is read. Repeated numbers may come packed into bytes. */
export interface FieldRule {
  readonly wire: number;
  readonly packable?: boolean;
  readonly read: (reader: WireReader) => void;
}

/** Reads a message by a table of fields; unknown fields are passed over. */
export function readFields(reader: WireReader, rules: Readonly<Record<number, FieldRule>>): void {
  while (!reader.done) {
    const { field, wire } = reader.tag();
    const rule = rules[field];
    if (rule === undefined) reader.skip(wire);
    else if (wire === rule.wire) rule.read(reader);
    else if (wire === WIRE.bytes && rule.packable === true) readPacked(reader, rule);
    else reader.fail(`field ${field} has wire type ${wire}, expected ${rule.wire}`);
  }
}

function readPacked(reader: WireReader, rule: FieldRule): void {
  const packed = new WireReader(reader.bytes(), reader.budget, reader.place);
  while (!packed.done) rule.read(packed);
}
