/** What the WGSL of poolings shares: how a lane finds its place, its window, and the windows that cover a place. */
import type { Attributes, TensorType } from '../../graph/graph.ts';
import type { Pool2dSizes } from '../../ops/pool2d.ts';

/** The sizes of a call. */
export type PoolSizesOf = (inputs: readonly TensorType[], attributes: Attributes) => Pool2dSizes;

/**
 * For each element of y: declares its `i`, `j` and `plane`, and what of its window lies inside x: lines [line0, line1) and
 * columns [column0, column1).
 */
export const WINDOW = `
let j = index % dims.outWidth;
let i = index / dims.outWidth % dims.outHeight;
let plane = index / dims.outWidth / dims.outHeight;
let line0 = max(i * dims.strideY, dims.top) - dims.top;
let line1 = min(i * dims.strideY + dims.kernelHeight - dims.top, dims.height);
let column0 = max(j * dims.strideX, dims.left) - dims.left;
let column1 = min(j * dims.strideX + dims.kernelWidth - dims.left, dims.width);`;

/**
 * For each element of x: declares its `line`, `column` and `plane`, and the windows that cover it, [i0, i1) × [j0, j1).
 */
export const COVERING = `
let column = index % dims.width;
let line = index / dims.width % dims.height;
let plane = index / dims.width / dims.height;
let down = line + dims.top;
let across = column + dims.left;
let i0 = select((down - dims.kernelHeight) / dims.strideY + 1u, 0u, down < dims.kernelHeight);
let i1 = min(down / dims.strideY + 1u, dims.outHeight);
let j0 = select((across - dims.kernelWidth) / dims.strideX + 1u, 0u, across < dims.kernelWidth);
let j1 = min(across / dims.strideX + 1u, dims.outWidth);`;
