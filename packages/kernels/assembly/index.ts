/** The module's exports. It allocates nothing: the host hands in addresses above `heapBase()`. */
export { addScaled, divide, firstNonFinite, scale, sumOfSquaredDifferences, sumOfSquares } from './vector';
export { addFixed, firstOverflown, meanOfFixed } from './fixed';
export { adamw, descend, momentum } from './optimizer';
export { compress, compress4 } from './sha256';

/** First byte that the module's own constants leave free. */
export function heapBase(): usize {
  return __heap_base;
}
