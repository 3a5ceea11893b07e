/** The package's types cover its main entry only; this one computes the Castagnoli polynomial. */
declare module 'crc-32/crc32c.js' {
  const crc32c: { buf(data: Uint8Array, seed?: number): number };
  export default crc32c;
}
