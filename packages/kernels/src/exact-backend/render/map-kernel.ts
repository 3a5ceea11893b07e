/** A map call as a WebAssembly module: rows (all axes but the innermost) and columns (the innermost) in two loops. */
import { withFlushes } from '../../canonical/flush.ts';
import type { MapCall } from '../../canonical/kernel.ts';
import { FunctionBuilder, type Local } from '../wasm/function.ts';
import { Emitter } from './emitter.ts';
import { intern } from './intern.ts';
import { unrolled } from './unroll.ts';
import { workOf } from './work.ts';
import { columnsFit } from './lanes.ts';
import { scopeKernel, type ScopedKernel } from './scopes.ts';

/** What of a map call or step decides its code. */
export interface MapShape extends Pick<MapCall, 'shape' | 'value'> {
  /** Elements of each operand. */
  readonly sizes: readonly number[];
}

/** Code that is ready to be encoded. Its function `map` takes the operands' addresses, the output's, then rows and columns: first, end, first, end. */
export interface MapKernel {
  /** Equal for equal code. */
  readonly key: string;
  readonly rows: number;
  readonly columns: number;
  /** The function `map` and roughly the instructions of one element. */
  emit(): { readonly map: FunctionBuilder; readonly work: number };
}

export function mapKernel({ sizes, shape, value }: MapShape): MapKernel {
  const { value: interned, text } = intern(unrolled(withFlushes(value)), shape, sizes);
  const axes = shape.flatMap((size, axis) => (size > 1 ? [{ axis, size }] : []));
  const column = axes.at(-1) ?? { axis: -1, size: 1 };
  const outer = axes.slice(0, -1);
  return {
    key: `${sizes.length} [${shape.join()}]\n${text}`,
    rows: outer.reduce((product, { size }) => product * size, 1),
    columns: column.size,
    emit: () => {
      const kernel = scopeKernel(interned, column.axis);
      return { map: mapFunction(kernel, sizes.length, outer, column), work: workOf(kernel, column.size) };
    },
  };
}

/** Vectors that are computed in turn where no loop stands between them; measured: gelu takes half the time that it takes with one. */
const INTERLEAVED = 4;

interface SizedAxis {
  readonly axis: number;
  readonly size: number;
}

function mapFunction(
  kernel: ScopedKernel,
  operands: number,
  outer: readonly SizedAxis[],
  column: SizedAxis,
): FunctionBuilder {
  const f = new FunctionBuilder(Array.from({ length: operands + 5 }, () => 'i32' as const));
  const [output, row, rowEnd, firstColumn, columnEnd] = f.parameters.slice(operands) as [
    Local,
    Local,
    Local,
    Local,
    Local,
  ];
  const at = f.local('i32');
  const coordinates = outer.map(({ axis, size }) => ({ axis, size, local: f.local('i32') }));
  const axes = new Map([[column.axis, at] as const, ...coordinates.map(({ axis, local }) => [axis, local] as const)]);
  const { value } = kernel;
  const emitter = new Emitter({ f, kernel, operands: f.parameters, axes });
  const target = f.local('i32');
  const address = (place: Local) => f.get(target).get(place).i32(2).op('i32.shl', 'i32.add');
  const store = value.type === 'f32' ? 'f32.store' : 'i32.store';

  /** Columns in vectors, `vectors` of them a turn, as long as that many are left. */
  const inVectors = (vectors: number) => {
    const places = [at, ...f.locals('i32', vectors - 1)];
    f.while(
      at,
      () =>
        f
          .get(columnEnd)
          .i32(4 * vectors - 1)
          .op('i32.sub'),
      4 * vectors,
      () => {
        places.slice(1).forEach((place, index) =>
          f
            .get(at)
            .i32(4 * (index + 1))
            .op('i32.add')
            .set(place),
        );
        emitter.interleaved(kernel.columns, column.axis, places, (place) => {
          address(place);
          emitter.vector(value).f.memory('v128.store');
        });
      },
    );
  };

  const columns = () => {
    f.get(firstColumn).set(at);
    if (column.size >= 4 && columnsFit(kernel, column.axis)) {
      emitter.nested(() => {
        emitter.inLanes(column.axis, () => {
          emitter.spreadInto(kernel.columns);
          if (!hasLoops(kernel) && column.size >= 4 * INTERLEAVED) inVectors(INTERLEAVED);
          inVectors(1);
        });
      });
    }
    f.while(
      at,
      () => f.get(columnEnd),
      1,
      () => {
        emitter.nested(() => {
          emitter.scope(kernel.columns);
          address(at);
          emitter.scalar(value).f.memory(store);
        });
      },
    );
  };

  emitter.scope(kernel.kernel);
  decode(f, row, coordinates);
  f.while(
    row,
    () => f.get(rowEnd),
    1,
    () => {
      f.get(output)
        .get(row)
        .i32(column.size * 4)
        .op('i32.mul', 'i32.add')
        .set(target);
      emitter.nested(() => {
        emitter.scope(kernel.rows);
        columns();
      });
      advance(f, coordinates);
    },
  );
  return f;
}

const hasLoops = (kernel: ScopedKernel): boolean =>
  kernel.columns.nodes.some(({ kind }) => kind === 'sum' || kind === 'result');

type Coordinates = readonly { readonly size: number; readonly local: Local }[];

/** The coordinates of a row. */
function decode(f: FunctionBuilder, row: Local, coordinates: Coordinates): void {
  f.withTemporary('i32', (rest) => {
    f.get(row).set(rest);
    for (const { size, local } of coordinates.toReversed()) {
      f.get(rest).i32(size).op('i32.rem_u').set(local);
      f.get(rest).i32(size).op('i32.div_u').set(rest);
    }
  });
}

/** The coordinates of the next row: the last one steps, and carries when it is through. */
function advance(f: FunctionBuilder, coordinates: Coordinates): void {
  const last = coordinates.at(-1);
  if (last === undefined) return;
  f.get(last.local)
    .i32(1)
    .op('i32.add')
    .tee(last.local)
    .i32(last.size)
    .op('i32.eq')
    .if(() => {
      f.i32(0).set(last.local);
      advance(f, coordinates.slice(0, -1));
    });
}
