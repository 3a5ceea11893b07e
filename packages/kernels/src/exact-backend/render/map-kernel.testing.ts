/** Running one map kernel on one thread, from test code. */
import type { Expr } from '../../canonical/expression.ts';
import { encodeModule } from '../wasm/module.ts';
import { mapKernel } from './map-kernel.ts';
import { READABLE_AROUND } from './speculate.ts';

type Numbers = Float32Array | Int32Array;

/** The elements that the rendered kernel computes, all of them or those of a part of rows and columns (others are 0). */
export function runMap(
  { shape, value }: { readonly shape: readonly number[]; readonly value: Expr },
  operands: readonly Numbers[],
  part?: readonly [row: number, rowEnd: number, column: number, columnEnd: number],
): Numbers {
  const kernel = mapKernel({ shape, value, sizes: operands.map(({ length }) => length) });
  const memory = new WebAssembly.Memory({ initial: 64, maximum: 65_536 });
  const instance = new WebAssembly.Instance(
    new WebAssembly.Module(encodeModule({ map: kernel.emit().map }, { shared: false })),
    {
      env: { memory },
    },
  );
  let next = READABLE_AROUND * 4;
  const addresses = operands.map((values) => {
    const address = next;
    next += values.byteLength + 16;
    new Uint8Array(memory.buffer, address).set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    return address;
  });
  const count = kernel.rows * kernel.columns;
  const result =
    value.type === 'f32' ? new Float32Array(memory.buffer, next, count) : new Int32Array(memory.buffer, next, count);
  const range = part ?? [0, kernel.rows, 0, kernel.columns];
  (instance.exports['map'] as CallableFunction)(...addresses, next, ...range);
  return result.slice();
}
