/** WGSL that visits the windows which have the element (i, j) of a plane under a tap. */
import type { Window2d } from '../../ops/window2d.ts';

/** Statements, with the tap `u`, `v` and the window's place `line`, `column` in scope. */
interface CoverStatements {
  /** Declarations for one tap row, before it is known whether its window exists; `column` and `v` are not in scope. */
  readonly line: string;
  /** What is done where the window exists. */
  readonly place: string;
}

export type CoverWalk = (statements: CoverStatements) => string;

/** A branch, since a `continue` costs a CPU that plays a GPU much more. */
const where = (place: string): string => `if (line < dims.outHeight && column < dims.outWidth) { ${place} }`;

/**
 * Only taps that meet the window's steps are visited, and nothing is divided on the way: one stride of taps further lies the
 * window before. In front of the first window the unsigned place wraps around and is large.
 */
const steps: CoverWalk = ({ line, place }) => `
var line = (i + dims.top) / dims.strideY;
for (var u = i + dims.top - line * dims.strideY; u < dims.kernelHeight; u += dims.strideY) {
  ${line}
  var column = (j + dims.left) / dims.strideX;
  for (var v = j + dims.left - column * dims.strideX; v < dims.kernelWidth; v += dims.strideX) {
    ${where(place)}
    column--;
  }
  line--;
}`;

/** Dilated windows: every tap is looked at. */
const taps: CoverWalk = ({ line, place }) => `
const NOWHERE = 0xffffffffu;
for (var u = 0u; u < dims.kernelHeight; u++) {
  let down = i + dims.top - u * dims.dilationY;
  let line = select(NOWHERE, down / dims.strideY, down % dims.strideY == 0u && i + dims.top >= u * dims.dilationY);
  ${line}
  for (var v = 0u; v < dims.kernelWidth; v++) {
    let across = j + dims.left - v * dims.dilationX;
    let column = select(NOWHERE, across / dims.strideX, across % dims.strideX == 0u && j + dims.left >= v * dims.dilationX);
    ${where(place)}
  }
}`;

/** The walk for a window, and what tells kernels with it apart. */
export const coversOf = ({ dilationY, dilationX }: Window2d): { readonly suffix: string; readonly walk: CoverWalk } =>
  dilationY * dilationX > 1 ? { suffix: ' dilated', walk: taps } : { suffix: '', walk: steps };
