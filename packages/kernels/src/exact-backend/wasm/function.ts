/** One WebAssembly function under construction: instructions are appended in stack order, loops and locals have helpers. */
import { Bytes } from './bytes.ts';
import { LANE, type LaneName, MEMORY, type MemoryName, PLAIN, type PlainName } from './opcodes.ts';

export type ValueType = 'i32' | 'i64' | 'f32' | 'f64' | 'v128';

export const VALUE_TYPES: Readonly<Record<ValueType, number>> = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
};

const EMPTY_BLOCK = 0x40;

/** A parameter or local variable. */
export interface Local {
  readonly index: number;
  readonly type: ValueType;
}

export class FunctionBuilder {
  readonly parameters: readonly Local[];
  readonly results: readonly ValueType[];
  readonly #locals: ValueType[] = [];
  readonly #free: Local[] = [];
  readonly #code = new Bytes();

  constructor(parameters: readonly ValueType[], results: readonly ValueType[] = []) {
    this.parameters = parameters.map((type, index) => ({ type, index }));
    this.results = results;
  }

  /** A new local variable, zero at first. */
  local(type: ValueType): Local {
    return { type, index: this.parameters.length + this.#locals.push(type) - 1 };
  }

  locals(type: ValueType, count: number): readonly Local[] {
    return Array.from({ length: count }, () => this.local(type));
  }

  /** Runs `use` with a local that is free again afterwards; it holds anything at first. */
  withTemporary(type: ValueType, use: (local: Local) => void): this {
    const local = this.take(type);
    use(local);
    this.give(local);
    return this;
  }

  /** A local that nobody uses, holding anything. */
  take(type: ValueType): Local {
    const at = this.#free.findLastIndex((local) => local.type === type);
    return at < 0 ? this.local(type) : this.#free.splice(at, 1)[0]!;
  }

  /** Ends the use of a local that was taken. */
  give(...locals: readonly Local[]): void {
    this.#free.push(...locals);
  }

  op(...names: readonly PlainName[]): this {
    for (const name of names) this.#code.byte(...PLAIN[name]);
    return this;
  }

  lane(name: LaneName, lane: number): this {
    this.#code.byte(...LANE[name], lane);
    return this;
  }

  /** A load or store of the address on the stack plus `offset` bytes. */
  memory(name: MemoryName, offset = 0): this {
    const { code, bytes } = MEMORY[name];
    this.#code.byte(...code, Math.log2(bytes)).unsigned(offset);
    return this;
  }

  get({ index }: Local): this {
    this.#code.byte(0x20).unsigned(index);
    return this;
  }

  set({ index }: Local): this {
    this.#code.byte(0x21).unsigned(index);
    return this;
  }

  tee({ index }: Local): this {
    this.#code.byte(0x22).unsigned(index);
    return this;
  }

  i32(value: number): this {
    this.#code.byte(0x41).signed(BigInt(value | 0));
    return this;
  }

  i64(value: bigint): this {
    this.#code.byte(0x42).signed(value);
    return this;
  }

  f32(value: number): this {
    this.#code.byte(0x43).f32(value);
    return this;
  }

  f64(value: number): this {
    this.#code.byte(0x44).f64(value);
    return this;
  }

  /** Four equal f32 lanes. */
  f32x4(value: number): this {
    this.#code.byte(0xfd, 0x0c);
    for (let lane = 0; lane < 4; lane++) this.#code.f32(value);
    return this;
  }

  /** Four i32 lanes. */
  i32x4(values: readonly [number, number, number, number]): this {
    const view = new Int32Array(values);
    this.#code.byte(0xfd, 0x0c).append(new Uint8Array(view.buffer));
    return this;
  }

  /** Bytes of two vectors by their numbers 0–31. */
  shuffle(bytes: readonly number[]): this {
    this.#code.byte(0xfd, 0x0d, ...bytes);
    return this;
  }

  call(functionIndex: number): this {
    this.#code.byte(0x10).unsigned(functionIndex);
    return this;
  }

  /** Leaves the `depth`-th enclosing block, or starts that loop again. */
  branch(depth: number): this {
    this.#code.byte(0x0c).unsigned(depth);
    return this;
  }

  branchIf(depth: number): this {
    this.#code.byte(0x0d).unsigned(depth);
    return this;
  }

  block(body: () => void): this {
    return this.#nested(0x02, EMPTY_BLOCK, body);
  }

  loop(body: () => void): this {
    return this.#nested(0x03, EMPTY_BLOCK, body);
  }

  /** Runs a branch by the i32 on the stack; with a `type` each branch leaves one value. */
  if(then: () => void, otherwise?: () => void, type?: ValueType): this {
    return this.#nested(0x04, type ? VALUE_TYPES[type] : EMPTY_BLOCK, () => {
      then();
      if (otherwise) {
        this.#code.byte(0x05);
        otherwise();
      }
    });
  }

  /** `counter` = its present value, + `step`, … while it is below the i32 `end`, a local or what is pushed (signed). */
  while(counter: Local, end: Local | (() => void), step: number, body: () => void): this {
    const pushEnd = typeof end === 'function' ? end : () => this.get(end);
    return this.block(() => {
      this.get(counter);
      pushEnd();
      this.op('i32.ge_s').branchIf(0);
      this.loop(() => {
        body();
        this.add(counter, step);
        this.get(counter);
        pushEnd();
        this.op('i32.lt_s').branchIf(0);
      });
    });
  }

  /** `target` += a number or an i32 local. */
  add(target: Local, amount: Local | number): this {
    this.get(target);
    if (typeof amount === 'number') this.i32(amount);
    else this.get(amount);
    return this.op('i32.add').set(target);
  }

  #nested(code: number, type: number, body: () => void): this {
    this.#code.byte(code, type);
    body();
    this.#code.byte(0x0b);
    return this;
  }

  /** The function's entry in the code section. */
  body(): Bytes {
    const body = new Bytes();
    body.vector(this.#runs(), ([type, count]) => body.unsigned(count).byte(VALUE_TYPES[type]));
    return body.append(this.#code).byte(0x0b);
  }

  /** Locals of equal type that follow each other. */
  #runs(): readonly [ValueType, number][] {
    const runs: [ValueType, number][] = [];
    for (const type of this.#locals) {
      const last = runs.at(-1);
      if (last?.[0] === type) last[1]++;
      else runs.push([type, 1]);
    }
    return runs;
  }
}
