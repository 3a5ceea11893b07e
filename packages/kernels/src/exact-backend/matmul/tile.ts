/**
 * The inner loop of a product: a tile of `rows` × `columns` results in registers, over one block of at most 256 steps
 * of k. Every accumulator starts at +0 and adds one rounded product a step, in ascending k: the canonical sequence, whatever
 * the tile's shape.
 */
import { FLUSH_LIMIT } from '../../canonical/flush.ts';
import { FunctionBuilder, type Local } from '../wasm/function.ts';

export interface TileShape {
  readonly rows: number;
  /** A multiple of 4. */
  readonly columns: number;
}

/** 8 accumulators, 2 vectors of b and 1 of a of the 15 registers that engines have on x64; none from 2×8 to 6×8 was measured faster by more than the noise. */
export const DEFAULT_TILE: TileShape = { rows: 4, columns: 8 };

/** Steps of k that one turn of the loop does. */
const UNROLL = 4;

/** (a, b, c, cStride, depth, first, last): packed panels, result address, bytes from row to row, steps, flags of the block. */
export function tileFunction({ rows, columns }: TileShape): FunctionBuilder {
  const f = new FunctionBuilder(['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32']);
  const [a, b, c, cStride, depth, first, last] = f.parameters as [Local, Local, Local, Local, Local, Local, Local];
  const width = columns / 4;
  const sums = f.locals('v128', rows * width);
  const right = f.locals('v128', width);
  const left = f.local('v128');
  const at = f.local('i32');
  const step = (unrolled: number) => {
    right.forEach((local, v) =>
      f
        .get(b)
        .memory('v128.load', unrolled * columns * 4 + v * 16)
        .set(local),
    );
    for (let row = 0; row < rows; row++) {
      f.get(a)
        .memory('v128.load32_splat', (unrolled * rows + row) * 4)
        .set(left);
      right.forEach((local, v) => {
        const sum = sums[row * width + v]!;
        f.get(sum).get(left).get(local).op('f32x4.mul', 'f32x4.add').set(sum);
      });
    }
  };
  const forward = (steps: number) => {
    f.add(a, steps * rows * 4);
    f.add(b, steps * columns * 4);
  };
  const whole = () => f.get(depth).i32(-UNROLL).op('i32.and');
  f.while(at, whole, UNROLL, () => {
    for (let unrolled = 0; unrolled < UNROLL; unrolled++) step(unrolled);
    forward(UNROLL);
  });
  f.while(at, depth, 1, () => {
    step(0);
    forward(1);
  });
  storeTile({ f, c, cStride, first, last, sums, width });
  return f;
}

interface StoreParts {
  readonly f: FunctionBuilder;
  readonly c: Local;
  readonly cStride: Local;
  readonly first: Local;
  readonly last: Local;
  readonly sums: readonly Local[];
  readonly width: number;
}

/** Adds the sums of the blocks before, which lie in the result, and flushes after the last block. */
function storeTile({ f, c, cStride, first, last, sums, width }: StoreParts): void {
  const inRows = (each: (sum: Local, offset: number) => void) => {
    sums.forEach((sum, index) => {
      each(sum, (index % width) * 16);
      if (index % width === width - 1) f.add(c, cStride);
    });
  };
  const start = f.local('i32');
  f.get(c).set(start);
  f.get(first)
    .op('i32.eqz')
    .if(() => {
      inRows((sum, offset) => f.get(c).memory('v128.load', offset).get(sum).op('f32x4.add').set(sum));
      f.get(start).set(c);
    });
  f.get(last).if(() => {
    for (const sum of sums)
      f.get(sum).get(sum).op('f32x4.abs').f32x4(FLUSH_LIMIT).op('f32x4.lt', 'v128.andnot').set(sum);
  });
  inRows((sum, offset) => f.get(c).get(sum).memory('v128.store', offset));
}
