/** Emits the nodes of a scope, one after the other, each into a local: scalars, or vectors of four lanes. */
import { childrenOf, type Expr, type ScalarType } from '../../canonical/expression.ts';
import type { FunctionBuilder, Local, ValueType } from '../wasm/function.ts';
import type { PlainName } from '../wasm/opcodes.ts';
import { Environment } from './environment.ts';
import { type Form, formReader, type FormReader, type Lane } from './forms.ts';
import { emitLoop } from './loops.ts';
import { scalarBinary, scalarUnary, vectorBinary, vectorConstants, vectorShift, vectorUnary } from './operations.ts';
import type { Scope, ScopedKernel } from './scopes.ts';
import { emitSum } from './sums.ts';

type Binary = Extract<Expr, { kind: 'binary' }>;
type Load = Extract<Expr, { kind: 'load' }>;

const LANES = [0, 1, 2, 3] as const;
const uniform: FormReader = () => 0;
const scalarType = (type: ScalarType): 'f32' | 'i32' => (type === 'f32' ? 'f32' : 'i32');

export interface EmitterParts {
  readonly f: FunctionBuilder;
  readonly kernel: ScopedKernel;
  /** Addresses of the operands. */
  readonly operands: readonly Local[];
  /** Coordinates by axis. */
  readonly axes: ReadonlyMap<number, Local>;
}

export class Emitter {
  readonly f: FunctionBuilder;
  readonly kernel: ScopedKernel;
  readonly #operands: readonly Local[];
  readonly #axes: Map<number, Local>;
  #environment: Environment;
  #formOf: FormReader = uniform;
  #vectors = false;

  constructor({ f, kernel, operands, axes }: EmitterParts) {
    this.f = f;
    this.kernel = kernel;
    this.#operands = operands;
    this.#axes = new Map(axes);
    this.#environment = new Environment(f);
  }

  get environment(): Environment {
    return this.#environment;
  }

  /** Whether four lanes are computed at a time just now. */
  get vectors(): boolean {
    return this.#vectors;
  }

  formOf(node: Expr): Form {
    return this.#formOf(node);
  }

  /** Emits `body` with locals of its own. */
  nested(body: () => void): void {
    const outer = this.#environment;
    outer.nested((inner) => {
      this.#environment = inner;
      body();
    });
    this.#environment = outer;
  }

  /** Emits `body` with four lanes at a time. */
  inLanes(lane: Lane, body: () => void): void {
    const [formOf, vectors] = [this.#formOf, this.#vectors];
    this.#formOf = formReader(lane);
    this.#vectors = true;
    body();
    this.#formOf = formOf;
    this.#vectors = vectors;
  }

  /** Emits the nodes of a scope into locals of the present environment. */
  scope({ nodes }: Scope): void {
    for (const node of nodes) this.#node(node);
  }

  /**
   * Emits a scope once for each coordinate in `places` along `axis`, node by node in turn, so that one copy's operations fill the
   * time that another's wait for their operands; then `finish` for each.
   */
  interleaved({ nodes }: Scope, axis: number, places: readonly Local[], finish: (place: Local) => void): void {
    const [outer, own] = [this.#environment, this.#axes.get(axis)!];
    const copies = places.map((place) => ({ place, environment: new Environment(this.f, outer) }));
    const inEach = (emit: (place: Local) => void) => {
      for (const { place, environment } of copies) {
        this.#environment = environment;
        this.#axes.set(axis, place);
        emit(place);
      }
    };
    for (const node of nodes) inEach(() => this.#node(node));
    inEach(finish);
    for (const { environment } of copies) environment.end();
    this.#environment = outer;
    this.#axes.set(axis, own);
  }

  /**
   * Spreads the constants and outer scalars that vectors of `scope` read, so that no loop does it again and again: engines
   * build a vector constant from several instructions wherever it stands.
   */
  spreadInto(scope: Scope): void {
    for (const node of this.kernel.within(scope)) {
      if (this.formOf(node) !== 'vector') continue;
      if (node.kind === 'unary') for (const constant of vectorConstants(node.op)) this.#spreadOnce(constant);
      for (const child of childrenOf(node))
        if (child.kind === 'constant' || this.#environment.find(child)?.form === 0) this.#spreadOnce(child);
    }
  }

  #spreadOnce(node: Expr): void {
    if (this.#environment.splatOf(node)) return;
    const local = this.#environment.local('v128');
    this.vector(node).f.set(local);
    this.#environment.bindSplat(node, local);
  }

  /** Keeps what is on the stack as the value of `node`. */
  keep(node: Expr, form: Form): void {
    const local = this.#environment.local(form === 'vector' ? 'v128' : scalarType(node.type));
    this.f.set(local);
    this.#environment.bind(node, { local, form });
  }

  /** Pushes a scalar: the value that all lanes share, or the first lane's of a number that steps from lane to lane. */
  scalar(node: Expr): this {
    if (node.kind === 'constant') {
      if (node.type === 'f32') this.f.f32(node.value);
      else this.f.i32(node.value);
    } else {
      this.f.get(this.#localOf(node));
    }
    return this;
  }

  /** Pushes four lanes. */
  vector(node: Expr): this {
    const form = this.formOf(node);
    const splat = this.#environment.splatOf(node);
    if (form === 'vector') this.f.get(this.#localOf(node));
    else if (splat) this.f.get(splat);
    else this.#spread(node, form);
    return this;
  }

  #spread(node: Expr, step: number): void {
    if (node.type === 'bool') this.f.i32(0);
    this.scalar(node);
    if (node.type === 'bool') this.f.op('i32.sub');
    this.f.op(node.type === 'f32' ? 'f32x4.splat' : 'i32x4.splat');
    if (step !== 0) this.f.i32x4([0, step, 2 * step, 3 * step]).op('i32x4.add');
  }

  /** Pushes one lane of an i32 or f32. */
  #lane(node: Expr, lane: number): void {
    const form = this.formOf(node);
    if (form === 'vector') {
      this.vector(node).f.lane(node.type === 'f32' ? 'f32x4.extract_lane' : 'i32x4.extract_lane', lane);
      return;
    }
    this.scalar(node);
    if (form !== 0 && lane !== 0) this.f.i32(form * lane).op('i32.add');
  }

  /** Pushes a vector of four scalars that `each` pushes. */
  #gathered(type: 'f32' | 'i32', each: (lane: number) => void): void {
    const [splat, replace] = (
      [
        ['f32x4.splat', 'f32x4.replace_lane'],
        ['i32x4.splat', 'i32x4.replace_lane'],
      ] as const
    )[type === 'f32' ? 0 : 1];
    for (const lane of LANES) {
      each(lane);
      if (lane === 0) this.f.op(splat);
      else this.f.lane(replace, lane);
    }
  }

  #localOf(node: Expr): Local {
    if (node.kind === 'axis') return this.#axes.get(node.axis)!;
    return this.#environment.find(node)!.local;
  }

  #node(node: Expr): void {
    const form = this.formOf(node);
    switch (node.kind) {
      case 'load':
        this.#load(node);
        break;
      case 'unary':
        this.#unary(node, form);
        break;
      case 'binary':
        this.#binary(node, form);
        break;
      case 'select':
        if (form === 'vector') this.vector(node.yes).vector(node.no).vector(node.condition).f.op('v128.bitselect');
        else this.scalar(node.yes).scalar(node.no).scalar(node.condition).f.op('select');
        break;
      case 'sum':
        emitSum(this, node);
        break;
      case 'result':
        this.#environment.bind(node, emitLoop(this, node)[node.state]!);
        return;
      default:
        // Constants, coordinates and variables are pushed where they are used.
        return;
    }
    this.keep(node, form);
  }

  #load({ type, operand, index }: Load): void {
    const form = this.formOf(index);
    const address = (pushIndex: () => void) => {
      this.f.get(this.#operands[operand]!);
      pushIndex();
      this.f.i32(2).op('i32.shl', 'i32.add');
    };
    const name = type === 'f32' ? 'f32.load' : 'i32.load';
    if (form === 0 || form === 1) {
      address(() => this.scalar(index));
      this.f.memory(form === 0 ? name : 'v128.load');
      return;
    }
    this.#gathered(type, (lane) => {
      address(() => this.#lane(index, lane));
      this.f.memory(name);
    });
  }

  #unary({ op, x }: Extract<Expr, { kind: 'unary' }>, form: Form): void {
    if (form === 'vector') vectorUnary(this.vector(x).f, op, (constant) => this.vector(constant));
    else scalarUnary(this.scalar(x).f, op);
  }

  #binary(node: Binary, form: Form): void {
    const { op, a, b } = node;
    if (form !== 'vector') {
      this.scalar(a).scalar(b).f.op(scalarBinary(node)!);
      return;
    }
    const [whole, shift] = [vectorBinary(node), vectorShift(op)];
    if (whole) this.vector(a).vector(b).f.op(whole);
    else if (shift && this.formOf(b) === 0) this.vector(a).scalar(b).f.op(shift);
    else this.#laneByLane(node, scalarBinary(node)!);
  }

  /** i32 operations that WebAssembly has for scalars alone: division, and shifts that differ between lanes. */
  #laneByLane({ a, b }: Binary, op: PlainName): void {
    this.#gathered('i32', (lane) => {
      this.#lane(a, lane);
      this.#lane(b, lane);
      this.f.op(op);
    });
  }

  valueType(node: Expr, form: Form): ValueType {
    return form === 'vector' ? 'v128' : scalarType(node.type);
  }
}
