/**
 * Packing: `width` neighbouring rows of a (or columns of b) as one panel `[depth, width]`, so that the inner loop reads
 * both operands front to back whatever their layout. Lanes beyond the matrix are zeros.
 */
import { FunctionBuilder, type Local } from '../wasm/function.ts';

/** Transposes the 4 × 4 block in `rows` and stores it, `stride` bytes from one result to the next. */
function storeTransposed(
  f: FunctionBuilder,
  rows: readonly Local[],
  target: Local,
  offset: number,
  stride: number,
): void {
  const words = (...lanes: readonly number[]) => lanes.flatMap((lane) => [0, 1, 2, 3].map((byte) => lane * 4 + byte));
  const [low, high] = [words(0, 4, 1, 5), words(2, 6, 3, 7)];
  const halves = [words(0, 1, 4, 5), words(2, 3, 6, 7)];
  const pair = (one: number, other: number, pick: readonly number[]) =>
    f.get(rows[one]!).get(rows[other]!).shuffle(pick);
  [low, high].forEach((pick, upper) => {
    halves.forEach((half, odd) => {
      f.get(target);
      pair(0, 1, pick);
      pair(2, 3, pick);
      f.shuffle(half).memory('v128.store', offset + (upper * 2 + odd) * stride);
    });
  });
}

/**
 * (source, target, laneStride, depthStride, depth, valid): `valid` of the `width` lanes exist; strides in bytes. Widths
 * that are multiples of 4 are packed four elements at a time.
 */
export function packFunction(width: number): FunctionBuilder {
  const f = new FunctionBuilder(['i32', 'i32', 'i32', 'i32', 'i32', 'i32']);
  const [source, target, laneStride, depthStride, depth, valid] = f.parameters as [
    Local,
    Local,
    Local,
    Local,
    Local,
    Local,
  ];
  const parts = { f, source, target, laneStride, depthStride, depth, valid, width };
  const whenWhole = (side: Local, then: () => void) =>
    f.get(valid).i32(width).op('i32.eq').get(side).i32(4).op('i32.eq', 'i32.and').if(then);
  if (width % 4 === 0) {
    whenWhole(laneStride, () => {
      copyRows(parts);
      f.op('return');
    });
    whenWhole(depthStride, () => transposeBlocks(parts));
  }
  copyElements(parts);
  return f;
}

interface PackParts {
  readonly f: FunctionBuilder;
  readonly source: Local;
  readonly target: Local;
  readonly laneStride: Local;
  readonly depthStride: Local;
  readonly depth: Local;
  readonly valid: Local;
  readonly width: number;
}

/** Lanes lie side by side: whole rows of the panel are copied. */
function copyRows({ f, source, target, depthStride, depth, width }: PackParts): void {
  const at = f.local('i32');
  f.i32(0)
    .set(at)
    .while(at, depth, 1, () => {
      for (let lane = 0; lane < width; lane += 4)
        f.get(target)
          .get(source)
          .memory('v128.load', lane * 4)
          .memory('v128.store', lane * 4);
      f.add(source, depthStride);
      f.add(target, width * 4);
    });
}

/** Depth lies side by side: blocks of 4 × 4 are transposed; what is left over stays for `copyElements`. */
function transposeBlocks({ f, source, target, laneStride, depth, width }: PackParts): void {
  const lane = f.local('i32');
  const rows = f.locals('v128', 4);
  f.block(() => {
    f.loop(() => {
      f.get(depth).i32(4).op('i32.lt_s').branchIf(1);
      f.get(source).set(lane);
      for (let first = 0; first < width; first += 4) {
        for (const row of rows) {
          f.get(lane).memory('v128.load').set(row);
          f.add(lane, laneStride);
        }
        storeTransposed(f, rows, target, first * 4, width * 4);
      }
      f.add(source, 16);
      f.add(target, width * 16);
      f.get(depth).i32(4).op('i32.sub').set(depth).branch(0);
    });
  });
}

/** One element at a time, zeros for lanes that do not exist. */
function copyElements({ f, source, target, laneStride, depthStride, depth, valid, width }: PackParts): void {
  const [at, lane, from] = f.locals('i32', 3) as [Local, Local, Local];
  f.i32(0)
    .set(at)
    .while(at, depth, 1, () => {
      f.get(source)
        .set(from)
        .i32(0)
        .set(lane)
        .while(
          lane,
          () => f.i32(width),
          1,
          () => {
            f.get(target).f32(0).memory('f32.store');
            f.get(lane)
              .get(valid)
              .op('i32.lt_s')
              .if(() => {
                f.get(target).get(from).memory('f32.load').memory('f32.store');
              });
            f.add(from, laneStride);
            f.add(target, 4);
          },
        );
      f.add(source, depthStride);
    });
}
