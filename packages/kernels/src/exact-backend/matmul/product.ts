/**
 * The module of canonical matrix products: packing, tile and the loops around them. Blocks of k are outside the loops over
 * rows, so that the sums of the blocks before lie in the result itself.
 */
import { PRODUCT_BLOCK } from '../../canonical/kernel.ts';
import { FunctionBuilder, type Local } from '../wasm/function.ts';
import { copyBlockFunction } from './copy-block.ts';
import { packFunction } from './pack.ts';
import { DEFAULT_TILE, tileFunction, type TileShape } from './tile.ts';

/** Rows of a and columns of b that are packed at a time: 64 KiB and 256 KiB, within a second-level cache. */
const [ROWS, COLUMNS] = [64, 256];

const roundUp = (value: number, unit: number): number => Math.ceil(value / unit) * unit;

/** Bytes that one thread packs into. */
export const scratchBytes = (tile: TileShape = DEFAULT_TILE): number => layoutOf(tile).end;

/** Offsets in the scratch memory. */
function layoutOf({ rows, columns }: TileShape) {
  const packedB = roundUp(ROWS, rows) * PRODUCT_BLOCK * 4;
  const spare = packedB + roundUp(COLUMNS, columns) * PRODUCT_BLOCK * 4;
  return { packedB, spare, end: spare + rows * columns * 4 };
}

/**
 * What the function `product` takes, in order, all i32. `a`, `b`, `c` are addresses at the first of `count` batches, each
 * `…Batch` bytes after the one before; a′[m, k] is at a + m · aRow + k · aStep and b′[k, n] at b + k · bStep + n · bColumn
 * (bytes); c is row-major with rows of `n`. The results in rows [row, rowEnd) and columns [column, columnEnd) are computed;
 * `scratch` is an address with `scratchBytes` bytes.
 */
export const PRODUCT_PARAMETERS = [
  'a',
  'b',
  'c',
  'count',
  'aBatch',
  'bBatch',
  'cBatch',
  'k',
  'n',
  'aRow',
  'aStep',
  'bStep',
  'bColumn',
  'row',
  'rowEnd',
  'column',
  'columnEnd',
  'scratch',
] as const;
type Parameter = (typeof PRODUCT_PARAMETERS)[number];

/** Function indices in the module. */
const FUNCTIONS = { packA: 0, packB: 1, tile: 2, copyBlock: 3 } as const;

/** The functions of a module whose first they must be, for they call each other by number. */
export const productFunctions = (tile: TileShape = DEFAULT_TILE) => ({
  packA: packFunction(tile.rows),
  packB: packFunction(tile.columns),
  tile: tileFunction(tile),
  copyBlock: copyBlockFunction(),
  product: new ProductEmitter(tile).emit(),
});

class ProductEmitter {
  readonly #tile: TileShape;
  readonly #f = new FunctionBuilder(PRODUCT_PARAMETERS.map(() => 'i32' as const));
  readonly #of: Readonly<Record<Parameter, Local>>;
  readonly #batch = this.#f.local('i32');
  /** The chunk of columns, of k and of rows in work: first and end. */
  readonly #columns = this.#range();
  readonly #steps = this.#range();
  readonly #rows = this.#range();
  readonly #depth = this.#f.local('i32');
  /** The tile in work: its first row and column, its panels, its address in c. */
  readonly #tileRow = this.#f.local('i32');
  readonly #tileColumn = this.#f.local('i32');
  readonly #panelA = this.#f.local('i32');
  readonly #panelB = this.#f.local('i32');
  readonly #result = this.#f.local('i32');

  constructor(tile: TileShape) {
    this.#tile = tile;
    const rows = PRODUCT_PARAMETERS.map((name, index) => [name, this.#f.parameters[index]!]);
    this.#of = Object.fromEntries(rows) as Record<Parameter, Local>;
  }

  #range(): { readonly first: Local; readonly end: Local } {
    return { first: this.#f.local('i32'), end: this.#f.local('i32') };
  }

  emit(): FunctionBuilder {
    const { count, a, b, c, aBatch, bBatch, cBatch } = this.#of;
    this.#f.while(this.#batch, count, 1, () => {
      this.#chunks(this.#columns, [this.#of.column, this.#of.columnEnd], COLUMNS, () => this.#columnChunk());
      this.#add(a, () => this.#f.get(aBatch));
      this.#add(b, () => this.#f.get(bBatch));
      this.#add(c, () => this.#f.get(cBatch));
    });
    return this.#f;
  }

  #columnChunk(): void {
    const { k, row, rowEnd } = this.#of;
    const [f, steps] = [this.#f, this.#steps];
    const zero = f.local('i32');
    this.#chunks(steps, [zero, k], PRODUCT_BLOCK, () => {
      f.get(steps.end).get(steps.first).op('i32.sub').set(this.#depth);
      this.#packColumns();
      this.#chunks(this.#rows, [row, rowEnd], ROWS, () => {
        this.#packRows();
        this.#tiles();
      });
    });
  }

  #packColumns(): void {
    const { b, bStep, bColumn } = this.#of;
    const { columns: width } = this.#tile;
    this.#panels(this.#tileColumn, this.#columns, this.#panelB, width, () => {
      this.#address(b, [this.#steps.first, bStep], [this.#tileColumn, bColumn]);
      this.#f.get(this.#panelB).get(bColumn).get(bStep).get(this.#depth);
      this.#least(width, this.#columns.end, this.#tileColumn);
      this.#f.call(FUNCTIONS.packB);
    });
  }

  #packRows(): void {
    const { a, aRow, aStep } = this.#of;
    const { rows: width } = this.#tile;
    this.#panels(this.#tileRow, this.#rows, this.#panelA, width, () => {
      this.#address(a, [this.#steps.first, aStep], [this.#tileRow, aRow]);
      this.#f.get(this.#panelA).get(aRow).get(aStep).get(this.#depth);
      this.#least(width, this.#rows.end, this.#tileRow);
      this.#f.call(FUNCTIONS.packA);
    });
  }

  #tiles(): void {
    const { rows, columns } = this.#tile;
    const f = this.#f;
    this.#panels(this.#tileColumn, this.#columns, this.#panelB, columns, () => {
      this.#panels(this.#tileRow, this.#rows, this.#panelA, rows, () => {
        f.get(this.#of.c).get(this.#tileRow).get(this.#of.n).op('i32.mul').get(this.#tileColumn).op('i32.add');
        f.i32(4).op('i32.mul', 'i32.add').set(this.#result);
        f.get(this.#rows.end).get(this.#tileRow).op('i32.sub').i32(rows).op('i32.ge_s');
        f.get(this.#columns.end).get(this.#tileColumn).op('i32.sub').i32(columns).op('i32.ge_s', 'i32.and');
        f.if(
          () => this.#computeTile(this.#result, () => this.#rowBytes()),
          () => this.#edgeTile(),
        );
      });
    });
  }

  /** A tile that reaches over the edge is computed in the spare tile; the part that exists is copied there and back. */
  #edgeTile(): void {
    const spare = this.#f.local('i32');
    const tileBytes = () => this.#f.i32(this.#tile.columns * 4);
    this.#f.get(this.#of.scratch).i32(layoutOf(this.#tile).spare).op('i32.add').set(spare);
    this.#f.get(this.#result);
    this.#rowBytes();
    this.#f.get(spare);
    tileBytes();
    this.#existing();
    this.#f.call(FUNCTIONS.copyBlock);
    this.#computeTile(spare, tileBytes);
    this.#f.get(spare);
    tileBytes();
    this.#f.get(this.#result);
    this.#rowBytes();
    this.#existing();
    this.#f.call(FUNCTIONS.copyBlock);
  }

  #computeTile(target: Local, stride: () => void): void {
    this.#f.get(this.#panelA).get(this.#panelB).get(target);
    stride();
    this.#f.get(this.#depth).get(this.#steps.first).op('i32.eqz');
    this.#f.get(this.#steps.end).get(this.#of.k).op('i32.eq').call(FUNCTIONS.tile);
  }

  #rowBytes(): void {
    this.#f.get(this.#of.n).i32(4).op('i32.mul');
  }

  /** Pushes the rows and columns of the tile that exist. */
  #existing(): void {
    this.#least(this.#tile.rows, this.#rows.end, this.#tileRow);
    this.#least(this.#tile.columns, this.#columns.end, this.#tileColumn);
  }

  /** Runs `body` for consecutive ranges of at most `size` between two bounds. */
  #chunks(
    range: { first: Local; end: Local },
    [from, to]: readonly [Local, Local],
    size: number,
    body: () => void,
  ): void {
    const f = this.#f;
    f.get(from)
      .set(range.first)
      .while(range.first, to, size, () => {
        f.get(range.first);
        this.#least(size, to, range.first);
        f.op('i32.add').set(range.end);
        body();
      });
  }

  /** Runs `body` for each panel of `width` in `range`; `panel` is its address in the scratch memory. */
  #panels(at: Local, range: { first: Local; end: Local }, panel: Local, width: number, body: () => void): void {
    const f = this.#f;
    const offset = panel === this.#panelB ? layoutOf(this.#tile).packedB : 0;
    f.get(this.#of.scratch).i32(offset).op('i32.add').set(panel);
    f.get(range.first)
      .set(at)
      .while(at, range.end, width, () => {
        body();
        this.#add(panel, () =>
          f
            .get(this.#depth)
            .i32(width * 4)
            .op('i32.mul'),
        );
      });
  }

  /** Pushes min(`size`, `end` − `at`). */
  #least(size: number, end: Local, at: Local): void {
    const left = this.#f.local('i32');
    this.#f.i32(size).get(end).get(at).op('i32.sub').tee(left);
    this.#f.i32(size).get(left).op('i32.lt_s', 'select');
  }

  /** Pushes `base` + Σ index · stride. */
  #address(base: Local, ...terms: readonly (readonly [Local, Local])[]): void {
    this.#f.get(base);
    for (const [index, stride] of terms) this.#f.get(index).get(stride).op('i32.mul', 'i32.add');
  }

  #add(target: Local, amount: () => void): void {
    this.#f.get(target);
    amount();
    this.#f.op('i32.add').set(target);
  }
}
