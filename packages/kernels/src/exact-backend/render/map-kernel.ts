/** A map call as a WebAssembly module: rows (all axes but the innermost) and columns (the innermost) in two loops. */
import { withFlushes } from '../../canonical/flush.ts';
import type { MapCall } from '../../canonical/kernel.ts';
import type { FunctionBuilder } from '../wasm/function.ts';
import { intern } from './intern.ts';
import { unrolled } from './unroll.ts';
import { workOf } from './work.ts';
import { MapFunction } from './map-function.ts';
import { scopeKernel } from './scopes.ts';

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
      return {
        map: new MapFunction({ kernel, operands: sizes.length, outer, column }).emit(),
        work: workOf(kernel, column.size),
      };
    },
  };
}
