/** Copying a small block of results between the matrix and a spare tile: the tiles at a matrix's edge are computed whole. */
import { FunctionBuilder, type Local } from '../wasm/function.ts';

/** (source, sourceStride, target, targetStride, rows, columns): strides in bytes, no more than a tile's rows and columns. */
export function copyBlockFunction(): FunctionBuilder {
  const f = new FunctionBuilder(['i32', 'i32', 'i32', 'i32', 'i32', 'i32']);
  const [source, sourceStride, target, targetStride, rows, columns] = f.parameters as [
    Local,
    Local,
    Local,
    Local,
    Local,
    Local,
  ];
  const [row, column] = f.locals('i32', 2) as [Local, Local];
  const address = (base: Local) => f.get(base).get(column).op('i32.add');
  f.get(columns).i32(4).op('i32.mul').set(columns);
  f.while(row, rows, 1, () => {
    f.i32(0)
      .set(column)
      .while(column, columns, 4, () => {
        address(target);
        address(source).memory('f32.load').memory('f32.store');
      });
    f.add(source, sourceStride);
    f.add(target, targetStride);
  });
  return f;
}
