/**
 * The exact host kernels: everything of a round that must have the same bits on every machine. Not thread-safe, and
 * nothing here awaits: a call is over when it returns.
 */
import { BlockPort } from './block-port.ts';
import { FixedKernels } from './fixed-kernels.ts';
import { HostMemory } from './host-memory.ts';
import type { HostVector } from './host-memory.ts';
import { OptimizerState } from './optimizer-state.ts';
import type { OptimizerParameters } from './optimizer-state.ts';
import { Sha256 } from './sha256.ts';
import { VectorKernels } from './vector-kernels.ts';
import { instantiateKernels } from './wasm-module.ts';

export interface HostKernels {
  /** Sums, norms and distances; vectors in the kernels' memory are used in place, others are copied block by block. */
  readonly vectors: VectorKernels;
  /** Order-free sums, for exact numerics. */
  readonly fixed: FixedKernels;
  readonly sha256: Sha256;
  /** A zeroed vector `[length] f32` in the kernels' memory. Detaches views when the memory must grow. */
  allocate(length: number): HostVector;
  /** A replica's state at round 0 with zero parameters; load some before use. */
  createOptimizer(options: OptimizerParameters): OptimizerState;
}

export interface HostKernelOptions {
  /** Bytes to hold from the start; allocations that fit in them detach no views. Untouched memory costs nothing. */
  readonly reserve?: number;
}

/** Compiles the kernels and gives them their own memory. */
export async function createHostKernels({ reserve = 1 << 20 }: HostKernelOptions = {}): Promise<HostKernels> {
  const memory = new HostMemory(reserve);
  const wasm = await instantiateKernels(memory.memory);
  memory.open(wasm.heapBase());
  const port = new BlockPort(memory);
  const vectors = new VectorKernels(wasm, port);
  return {
    vectors,
    fixed: new FixedKernels(wasm, memory),
    sha256: new Sha256(wasm, memory),
    allocate: (length) => memory.vector(length),
    createOptimizer: (options) => new OptimizerState({ wasm, memory, port, vectors }, options),
  };
}
