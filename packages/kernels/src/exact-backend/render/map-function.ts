/** The function of a map kernel: a loop over rows, and within it one over columns, four or more at a time and one at a time. */
import { FunctionBuilder, type Local } from '../wasm/function.ts';
import { Emitter } from './emitter.ts';
import { columnsFit } from './lanes.ts';
import type { ScopedKernel } from './scopes.ts';

/** Vectors that are computed in turn where no loop stands between them; measured: gelu takes half the time that it takes with one. */
const INTERLEAVED = 4;

export interface SizedAxis {
  readonly axis: number;
  readonly size: number;
}

export interface MapFunctionParts {
  readonly kernel: ScopedKernel;
  /** Number of operands. */
  readonly operands: number;
  /** The axes of rows, slowest first. */
  readonly outer: readonly SizedAxis[];
  readonly column: SizedAxis;
}

type Range = readonly [from: Local, end: Local];

export class MapFunction {
  readonly #kernel: ScopedKernel;
  readonly #column: SizedAxis;
  readonly #f: FunctionBuilder;
  readonly #emitter: Emitter;
  readonly #output: Local;
  readonly #rows: Range;
  readonly #columns: Range;
  /** Coordinates of the row. */
  readonly #coordinates: readonly (SizedAxis & { readonly local: Local })[];
  readonly #at: Local;
  /** Address of the row's first result. */
  readonly #target: Local;

  constructor({ kernel, operands, outer, column }: MapFunctionParts) {
    const f = new FunctionBuilder(Array.from({ length: operands + 5 }, () => 'i32' as const));
    const [output, row, rowEnd, first, end] = f.parameters.slice(operands) as [Local, Local, Local, Local, Local];
    this.#f = f;
    this.#kernel = kernel;
    this.#column = column;
    this.#output = output;
    this.#rows = [row, rowEnd];
    this.#columns = [first, end];
    this.#at = f.local('i32');
    this.#target = f.local('i32');
    this.#coordinates = outer.map((axis) => ({ ...axis, local: f.local('i32') }));
    const axes = new Map(this.#coordinates.map(({ axis, local }) => [axis, local]));
    axes.set(column.axis, this.#at);
    this.#emitter = new Emitter({ f, kernel, operands: f.parameters, axes });
  }

  emit(): FunctionBuilder {
    const [f, [row, rowEnd]] = [this.#f, this.#rows];
    this.#emitter.scope(this.#kernel.kernel);
    this.#decodeRow();
    f.while(row, rowEnd, 1, () => {
      f.get(this.#output)
        .get(row)
        .i32(this.#column.size * 4);
      f.op('i32.mul', 'i32.add').set(this.#target);
      this.#emitter.nested(() => {
        this.#emitter.scope(this.#kernel.rows);
        this.#row();
      });
      this.#advanceRow(this.#coordinates.length - 1);
    });
    return f;
  }

  #row(): void {
    const [first, end] = this.#columns;
    this.#f.get(first).set(this.#at);
    if (this.#column.size >= 4 && columnsFit(this.#kernel, this.#column.axis)) this.#inLanes();
    const store = this.#kernel.value.type === 'f32' ? 'f32.store' : 'i32.store';
    this.#f.while(this.#at, end, 1, () =>
      this.#emitter.nested(() => {
        this.#emitter.scope(this.#kernel.columns);
        this.#pushAddress(this.#at);
        this.#emitter.scalar(this.#kernel.value).f.memory(store);
      }),
    );
  }

  #inLanes(): void {
    const hasLoops = this.#kernel.columns.nodes.some(({ kind }) => kind === 'sum' || kind === 'result');
    this.#emitter.nested(() =>
      this.#emitter.inLanes(this.#column.axis, () => {
        this.#emitter.spreadInto(this.#kernel.columns);
        if (!hasLoops && this.#column.size >= 4 * INTERLEAVED) this.#inVectors(INTERLEAVED);
        this.#inVectors(1);
      }),
    );
  }

  /** Columns in vectors, `vectors` of them a turn, as long as that many are left. */
  #inVectors(vectors: number): void {
    const [f, [, end]] = [this.#f, this.#columns];
    const places = [this.#at, ...f.locals('i32', vectors - 1)];
    const lastStart = () =>
      f
        .get(end)
        .i32(4 * vectors - 1)
        .op('i32.sub');
    f.while(this.#at, lastStart, 4 * vectors, () => {
      for (const [index, place] of places.entries())
        if (index > 0)
          f.get(this.#at)
            .i32(4 * index)
            .op('i32.add')
            .set(place);
      this.#emitter.interleaved(this.#kernel.columns, this.#column.axis, places, (place) => {
        this.#pushAddress(place);
        this.#emitter.vector(this.#kernel.value).f.memory('v128.store');
      });
    });
  }

  #pushAddress(place: Local): void {
    this.#f.get(this.#target).get(place).i32(2).op('i32.shl', 'i32.add');
  }

  /** The coordinates of the first row. */
  #decodeRow(): void {
    const f = this.#f;
    f.withTemporary('i32', (rest) => {
      f.get(this.#rows[0]).set(rest);
      for (const { size, local } of this.#coordinates.toReversed()) {
        f.get(rest).i32(size).op('i32.rem_u').set(local);
        f.get(rest).i32(size).op('i32.div_u').set(rest);
      }
    });
  }

  /** The coordinates of the next row: coordinate `which` steps, and carries when it is through. */
  #advanceRow(which: number): void {
    const coordinate = this.#coordinates[which];
    if (coordinate === undefined) return;
    const { local, size } = coordinate;
    this.#f.add(local, 1).get(local).i32(size).op('i32.eq');
    this.#f.if(() => {
      this.#f.i32(0).set(local);
      this.#advanceRow(which - 1);
    });
  }
}
