/**
 * SHA-256 compression (FIPS 180-4). `compress` takes one message; `compress4` takes four of equal length, one a SIMD
 * lane, which is how a state's equal chunks are hashed. The host pads and keeps the chaining values.
 */

const ROUND_CONSTANTS = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98,
  0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
  0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8,
  0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
  0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819,
  0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
  0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
  0xc67178f2,
]);

/** The message schedule: 64 words, or 64 vectors of four words. */
const SCHEDULE = memory.data(1024, 16);

/** Folds `blocks` blocks of 64 bytes at `message` into the eight u32 at `chain`. */
export function compress(chain: usize, message: usize, blocks: i32): void {
  for (let block = 0; block < blocks; block++) {
    fillSchedule(message + ((<usize>block) << 6));
    mix(chain);
  }
}

function fillSchedule(message: usize): void {
  for (let t: usize = 0; t < 64; t += 4) store<u32>(SCHEDULE + t, bswap<u32>(load<u32>(message + t)));
  for (let t: usize = 64; t < 256; t += 4) {
    const at = SCHEDULE + t;
    const w15 = load<u32>(at - 60);
    const w2 = load<u32>(at - 8);
    const s0 = rotr<u32>(w15, 7) ^ rotr<u32>(w15, 18) ^ (w15 >> 3);
    const s1 = rotr<u32>(w2, 17) ^ rotr<u32>(w2, 19) ^ (w2 >> 10);
    store<u32>(at, load<u32>(at - 64) + s0 + load<u32>(at - 28) + s1);
  }
}

function mix(chain: usize): void {
  let a = load<u32>(chain);
  let b = load<u32>(chain, 4);
  let c = load<u32>(chain, 8);
  let d = load<u32>(chain, 12);
  let e = load<u32>(chain, 16);
  let f = load<u32>(chain, 20);
  let g = load<u32>(chain, 24);
  let h = load<u32>(chain, 28);
  for (let t: usize = 0; t < 256; t += 4) {
    const s1 = rotr<u32>(e, 6) ^ rotr<u32>(e, 11) ^ rotr<u32>(e, 25);
    const choice = g ^ (e & (f ^ g));
    const t1 = h + s1 + choice + load<u32>(ROUND_CONSTANTS + t) + load<u32>(SCHEDULE + t);
    const s0 = rotr<u32>(a, 2) ^ rotr<u32>(a, 13) ^ rotr<u32>(a, 22);
    const majority = (a & b) | (c & (a | b));
    h = g;
    g = f;
    f = e;
    e = d + t1;
    d = c;
    c = b;
    b = a;
    a = t1 + s0 + majority;
  }
  store<u32>(chain, load<u32>(chain) + a);
  store<u32>(chain, load<u32>(chain, 4) + b, 4);
  store<u32>(chain, load<u32>(chain, 8) + c, 8);
  store<u32>(chain, load<u32>(chain, 12) + d, 12);
  store<u32>(chain, load<u32>(chain, 16) + e, 16);
  store<u32>(chain, load<u32>(chain, 20) + f, 20);
  store<u32>(chain, load<u32>(chain, 24) + g, 24);
  store<u32>(chain, load<u32>(chain, 28) + h, 28);
}

/**
 * Folds `blocks` blocks of four messages, `stride` bytes apart, into eight vectors at `chains`: word w of message l is
 * lane l of vector w.
 */
export function compress4(chains: usize, message: usize, stride: usize, blocks: i32): void {
  for (let block = 0; block < blocks; block++) {
    fillSchedule4(message + ((<usize>block) << 6), stride);
    mix4(chains);
  }
}

function rotate4(x: v128, by: i32): v128 {
  return v128.or(i32x4.shr_u(x, by), i32x4.shl(x, 32 - by));
}

function xor3(x: v128, y: v128, z: v128): v128 {
  return v128.xor(v128.xor(x, y), z);
}

function swapBytes(x: v128): v128 {
  return v128.shuffle<i8>(x, x, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
}

/** Loads four words of each of four messages and transposes them, so that a lane holds one message. */
function transpose(message: usize, stride: usize, target: usize): void {
  const a = swapBytes(v128.load(message));
  const b = swapBytes(v128.load(message + stride));
  const c = swapBytes(v128.load(message + 2 * stride));
  const d = swapBytes(v128.load(message + 3 * stride));
  const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
  const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
  const abHigh = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
  const cdHigh = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
  v128.store(target, v128.shuffle<i32>(ab, cd, 0, 1, 4, 5));
  v128.store(target, v128.shuffle<i32>(ab, cd, 2, 3, 6, 7), 16);
  v128.store(target, v128.shuffle<i32>(abHigh, cdHigh, 0, 1, 4, 5), 32);
  v128.store(target, v128.shuffle<i32>(abHigh, cdHigh, 2, 3, 6, 7), 48);
}

function fillSchedule4(message: usize, stride: usize): void {
  for (let t: usize = 0; t < 64; t += 16) transpose(message + t, stride, SCHEDULE + (t << 2));
  for (let t: usize = 256; t < 1024; t += 16) {
    const at = SCHEDULE + t;
    const w15 = v128.load(at - 240);
    const w2 = v128.load(at - 32);
    const s0 = xor3(rotate4(w15, 7), rotate4(w15, 18), i32x4.shr_u(w15, 3));
    const s1 = xor3(rotate4(w2, 17), rotate4(w2, 19), i32x4.shr_u(w2, 10));
    v128.store(at, i32x4.add(i32x4.add(v128.load(at - 256), s0), i32x4.add(v128.load(at - 112), s1)));
  }
}

function mix4(chains: usize): void {
  let a = v128.load(chains);
  let b = v128.load(chains, 16);
  let c = v128.load(chains, 32);
  let d = v128.load(chains, 48);
  let e = v128.load(chains, 64);
  let f = v128.load(chains, 80);
  let g = v128.load(chains, 96);
  let h = v128.load(chains, 112);
  for (let t: usize = 0; t < 256; t += 4) {
    const s1 = xor3(rotate4(e, 6), rotate4(e, 11), rotate4(e, 25));
    const choice = v128.xor(g, v128.and(e, v128.xor(f, g)));
    const constant = v128.load32_splat(ROUND_CONSTANTS + t);
    const t1 = i32x4.add(i32x4.add(h, s1), i32x4.add(i32x4.add(choice, constant), v128.load(SCHEDULE + (t << 2))));
    const s0 = xor3(rotate4(a, 2), rotate4(a, 13), rotate4(a, 22));
    const majority = v128.or(v128.and(a, b), v128.and(c, v128.or(a, b)));
    h = g;
    g = f;
    f = e;
    e = i32x4.add(d, t1);
    d = c;
    c = b;
    b = a;
    a = i32x4.add(t1, i32x4.add(s0, majority));
  }
  v128.store(chains, i32x4.add(v128.load(chains), a));
  v128.store(chains, i32x4.add(v128.load(chains, 16), b), 16);
  v128.store(chains, i32x4.add(v128.load(chains, 32), c), 32);
  v128.store(chains, i32x4.add(v128.load(chains, 48), d), 48);
  v128.store(chains, i32x4.add(v128.load(chains, 64), e), 64);
  v128.store(chains, i32x4.add(v128.load(chains, 80), f), 80);
  v128.store(chains, i32x4.add(v128.load(chains, 96), g), 96);
  v128.store(chains, i32x4.add(v128.load(chains, 112), h), 112);
}
