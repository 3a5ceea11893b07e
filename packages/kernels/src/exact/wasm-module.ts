/** The compiled kernels of `assembly/` and their types. Addresses are bytes in linear memory, `n` counts elements. */
import { exactWasm } from './gen/exact-wasm.ts';

export interface WasmKernels {
  heapBase(): number;
  scale(target: number, source: number, n: number, factor: number): void;
  addScaled(target: number, source: number, n: number, factor: number): void;
  divide(target: number, n: number, divisor: number): void;
  firstNonFinite(source: number, n: number): number;
  sumOfSquares(source: number, n: number): number;
  sumOfSquaredDifferences(left: number, right: number, n: number): number;
  addFixed(target: number, source: number, n: number): number;
  firstOverflown(source: number, n: number): number;
  meanOfFixed(target: number, source: number, n: number, divisor: number): void;
  adamw(
    parameters: number,
    gradient: number,
    first: number,
    second: number,
    n: number,
    clip: number,
    keep: number,
    beta1: number,
    rest1: number,
    beta2: number,
    rest2: number,
    rate: number,
    inverseRoot: number,
    epsilon: number,
  ): void;
  descend(parameters: number, gradient: number, n: number, clip: number, keep: number, rate: number): void;
  momentum(
    parameters: number,
    gradient: number,
    velocity: number,
    n: number,
    clip: number,
    keep: number,
    mu: number,
    rate: number,
    nesterov: number,
  ): void;
  compress(chain: number, message: number, blocks: number): void;
  compress4(chains: number, message: number, stride: number, blocks: number): void;
}

let compiled: Promise<WebAssembly.Module> | undefined;

/** Instantiates the kernels over `memory`; the code is compiled once a process. */
export async function instantiateKernels(memory: WebAssembly.Memory): Promise<WasmKernels> {
  compiled ??= WebAssembly.compile(Uint8Array.from(atob(exactWasm), (character) => character.charCodeAt(0)));
  const instance = await WebAssembly.instantiate(await compiled, { env: { memory } });
  return instance.exports as unknown as WasmKernels;
}
