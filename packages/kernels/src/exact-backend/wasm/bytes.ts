/** The bytes of a WebAssembly binary under construction: LEB128 integers, little-endian floats, length-prefixed parts. */

export class Bytes {
  readonly #bytes: number[] = [];

  get length(): number {
    return this.#bytes.length;
  }

  byte(...values: readonly number[]): this {
    for (const value of values) this.#bytes.push(value & 0xff);
    return this;
  }

  /** Unsigned LEB128, below 2³². */
  unsigned(value: number): this {
    let rest = value;
    while (rest > 0x7f) {
      this.#bytes.push((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    return this.byte(rest);
  }

  /** Signed LEB128. */
  signed(value: bigint): this {
    let rest = value;
    for (;;) {
      const low = Number(rest & 0x7fn);
      rest >>= 7n;
      const done = low < 0x40 ? rest === 0n : rest === -1n;
      this.#bytes.push(done ? low : low | 0x80);
      if (done) return this;
    }
  }

  f32(value: number): this {
    const view = new DataView(new ArrayBuffer(4));
    view.setFloat32(0, value, true);
    return this.append(new Uint8Array(view.buffer));
  }

  f64(value: number): this {
    const view = new DataView(new ArrayBuffer(8));
    view.setFloat64(0, value, true);
    return this.append(new Uint8Array(view.buffer));
  }

  /** A UTF-8 name, length first. */
  name(text: string): this {
    return this.sized(new TextEncoder().encode(text));
  }

  append(bytes: Uint8Array | Bytes): this {
    for (const value of bytes instanceof Bytes ? bytes.#bytes : bytes) this.#bytes.push(value);
    return this;
  }

  /** `bytes` after their length. */
  sized(bytes: Uint8Array | Bytes): this {
    return this.unsigned(bytes.length).append(bytes);
  }

  /** A vector: the number of `items`, then each as `write` writes it. */
  vector<T>(items: readonly T[], write: (item: T) => void): this {
    this.unsigned(items.length);
    items.forEach(write);
    return this;
  }

  finish(): Uint8Array<ArrayBuffer> {
    return Uint8Array.from(this.#bytes);
  }
}
