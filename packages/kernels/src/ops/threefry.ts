/**
 * Threefry-2x32-20 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011): 64 random bits
 * from a 64-bit key and a 64-bit counter by 32-bit additions, rotations and exclusive ors alone. So any element can be
 * drawn on its own, and every backend draws the same bits. Of the paper's generators it is the one without wide products,
 * which WGSL and onnxruntime lack.
 */

/** The constant that makes the third key word of zeros not zero (Skein's C240, low word). */
export const KEY_PARITY = 0x1bd11bda;
/** Left rotations of eight rounds; then they repeat. */
export const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24] as const;
/** Four rounds and an addition of key words each. */
export const KEY_INJECTIONS = 5;

/**
 * Writes the two random words (as i32) of counter (c0, c1) under key (k0, k1) to `into[0]` and `into[1]`. Unrolled: masks of
 * whole activations are drawn by it.
 */
export function threefry(into: Int32Array, k0: number, k1: number, c0: number, c1: number): void {
  const k2 = KEY_PARITY ^ k0 ^ k1;
  let x = (c0 + k0) | 0;
  let y = (c1 + k1) | 0;
  x = (x + y) | 0;
  y = ((y << 13) | (y >>> 19)) ^ x;
  x = (x + y) | 0;
  y = ((y << 15) | (y >>> 17)) ^ x;
  x = (x + y) | 0;
  y = ((y << 26) | (y >>> 6)) ^ x;
  x = (x + y) | 0;
  y = ((y << 6) | (y >>> 26)) ^ x;
  x = (x + k1) | 0;
  y = (y + k2 + 1) | 0;
  x = (x + y) | 0;
  y = ((y << 17) | (y >>> 15)) ^ x;
  x = (x + y) | 0;
  y = ((y << 29) | (y >>> 3)) ^ x;
  x = (x + y) | 0;
  y = ((y << 16) | (y >>> 16)) ^ x;
  x = (x + y) | 0;
  y = ((y << 24) | (y >>> 8)) ^ x;
  x = (x + k2) | 0;
  y = (y + k0 + 2) | 0;
  x = (x + y) | 0;
  y = ((y << 13) | (y >>> 19)) ^ x;
  x = (x + y) | 0;
  y = ((y << 15) | (y >>> 17)) ^ x;
  x = (x + y) | 0;
  y = ((y << 26) | (y >>> 6)) ^ x;
  x = (x + y) | 0;
  y = ((y << 6) | (y >>> 26)) ^ x;
  x = (x + k0) | 0;
  y = (y + k1 + 3) | 0;
  x = (x + y) | 0;
  y = ((y << 17) | (y >>> 15)) ^ x;
  x = (x + y) | 0;
  y = ((y << 29) | (y >>> 3)) ^ x;
  x = (x + y) | 0;
  y = ((y << 16) | (y >>> 16)) ^ x;
  x = (x + y) | 0;
  y = ((y << 24) | (y >>> 8)) ^ x;
  x = (x + k1) | 0;
  y = (y + k2 + 4) | 0;
  x = (x + y) | 0;
  y = ((y << 13) | (y >>> 19)) ^ x;
  x = (x + y) | 0;
  y = ((y << 15) | (y >>> 17)) ^ x;
  x = (x + y) | 0;
  y = ((y << 26) | (y >>> 6)) ^ x;
  x = (x + y) | 0;
  y = ((y << 6) | (y >>> 26)) ^ x;
  x = (x + k2) | 0;
  y = (y + k0 + 5) | 0;
  into[0] = x;
  into[1] = y;
}

/**
 * The value of a graph's `seed` input, i32 [2], for one micro-batch of a job: whoever computes the micro-batch, now or in
 * an audit, drops the same elements. Both numbers are whole and below 2⁵³.
 */
export function microBatchSeed(jobSeed: number, microBatch: number): Int32Array {
  const high = (value: number): number => Math.floor(value / 2 ** 32);
  const seed = new Int32Array(2);
  threefry(seed, jobSeed, high(jobSeed), microBatch, high(microBatch));
  return seed;
}
