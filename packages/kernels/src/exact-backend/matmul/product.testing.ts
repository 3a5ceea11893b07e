/** Running the product's module on one thread, from test code: strides in elements, operands copied in, results copied out. */
import { encodeModule } from '../wasm/module.ts';
import { PRODUCT_PARAMETERS, productFunctions, scratchBytes } from './product.ts';
import { DEFAULT_TILE, type TileShape } from './tile.ts';

export interface Strides {
  readonly aRow: number;
  readonly aStep: number;
  readonly bStep: number;
  readonly bColumn: number;
}

export interface TestedProduct extends Strides {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly count?: number;
  readonly aBatch?: number;
  readonly bBatch?: number;
  readonly row?: number;
  readonly rowEnd?: number;
  readonly column?: number;
  readonly columnEnd?: number;
}

type Run = (a: Float32Array, b: Float32Array, product: TestedProduct) => Float32Array;

export function instantiateProduct(tile: TileShape = DEFAULT_TILE): Run {
  const memory = new WebAssembly.Memory({ initial: 64, maximum: 65_536 });
  const module = new WebAssembly.Module(encodeModule(productFunctions(tile), { shared: false }));
  const { product } = new WebAssembly.Instance(module, { env: { memory } }).exports as Record<string, CallableFunction>;
  return (left, right, { m, n, k, count = 1, ...rest }) => {
    const [a, b, c] = [64, 64 + left.byteLength, 64 + left.byteLength + right.byteLength];
    const scratch = c + count * m * n * 4;
    const needed = Math.ceil((scratch + scratchBytes(tile)) / 65_536) - memory.buffer.byteLength / 65_536;
    if (needed > 0) memory.grow(needed);
    new Float32Array(memory.buffer, a, left.length).set(left);
    new Float32Array(memory.buffer, b, right.length).set(right);
    const results = new Float32Array(memory.buffer, c, count * m * n).fill(0);
    const bytes = Object.fromEntries(
      ['aRow', 'aStep', 'bStep', 'bColumn', 'aBatch', 'bBatch'].map((name) => [
        name,
        4 * (rest[name as keyof typeof rest] ?? 0),
      ]),
    );
    const whole = { row: 0, rowEnd: m, column: 0, columnEnd: n };
    const values: Record<string, number> = {
      ...whole,
      ...rest,
      a,
      b,
      c,
      count,
      k,
      n,
      scratch,
      ...bytes,
      cBatch: m * n * 4,
    };
    product!(...PRODUCT_PARAMETERS.map((name) => values[name]));
    return results.slice();
  };
}
