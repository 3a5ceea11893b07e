/** The calls of each step: which function, at which addresses, for which part of the result. */
import type { CanonicalStep, CanonicalTensor } from '../../canonical/plan.ts';
import { PRODUCT_PARAMETERS } from '../matmul/product.ts';
import { type MapKernel, mapKernel } from '../render/map-kernel.ts';
import type { Work } from '../threads/messages.ts';
import type { FunctionBuilder } from '../wasm/function.ts';
import { splitMap, splitProduct } from './split.ts';

type Address = (tensor: CanonicalTensor) => number;
/** Where tensors lie, and how many elements they have. */
export interface Tensors {
  readonly addressOf: Address;
  readonly sizeOf: (tensor: CanonicalTensor) => number;
}
type ProductStep = Extract<CanonicalStep, { kind: 'product' }>;
type MapStep = Extract<CanonicalStep, { kind: 'map' }>;

/** A kernel's function by name, and what it takes to split its work. */
interface NamedKernel {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly work: number;
}

/** The map kernels of a program, each once. */
export class KernelTable {
  readonly functions: Record<string, FunctionBuilder> = {};
  readonly #known = new Map<string, NamedKernel>();

  named({ key, rows, columns, emit }: MapKernel): NamedKernel {
    let kernel = this.#known.get(key);
    if (kernel === undefined) {
      const { map, work } = emit();
      kernel = { name: `map${this.#known.size}`, rows, columns, work };
      this.#known.set(key, kernel);
      this.functions[kernel.name] = map;
    }
    return kernel;
  }
}

export function callsOf(
  step: CanonicalStep,
  kernels: KernelTable,
  { addressOf, sizeOf }: Tensors,
  threads: number,
): readonly Work[] {
  return step.kind === 'map'
    ? mapCalls(step, kernels, { addressOf, sizeOf }, threads)
    : productCalls(step, addressOf, threads);
}

function mapCalls(
  step: MapStep,
  kernels: KernelTable,
  { addressOf, sizeOf }: Tensors,
  threads: number,
): readonly Work[] {
  const kernel = kernels.named(mapKernel({ ...step, sizes: step.operands.map(sizeOf) }));
  const addresses = [...step.operands, step.output].map(addressOf);
  return splitMap(kernel, threads).map(({ row, rowEnd, column, columnEnd }) => ({
    label: step.label,
    name: kernel.name,
    arguments: [...addresses, row, rowEnd, column, columnEnd],
  }));
}

function productCalls(
  { label, a, b, output, problem }: ProductStep,
  addressOf: Address,
  threads: number,
): readonly Work[] {
  const { m, k, n, transposeA, transposeB, sharedLeft, sharedRight } = problem;
  const strides = {
    aBatch: sharedLeft ? 0 : m * k * 4,
    bBatch: sharedRight ? 0 : k * n * 4,
    cBatch: m * n * 4,
    aRow: transposeA ? 4 : k * 4,
    aStep: transposeA ? m * 4 : 4,
    bStep: transposeB ? 4 : n * 4,
    bColumn: transposeB ? k * 4 : 4,
  };
  return splitProduct(problem, threads).map(({ firstBatch, batches, block }) => {
    const values: Readonly<Record<string, number>> = {
      ...strides,
      ...block,
      k,
      n,
      count: batches,
      a: addressOf(a) + firstBatch * strides.aBatch,
      b: addressOf(b) + firstBatch * strides.bBatch,
      c: addressOf(output) + firstBatch * strides.cBatch,
    };
    // The last parameter, scratch, is the thread's own.
    return {
      label,
      name: 'product',
      arguments: PRODUCT_PARAMETERS.slice(0, -1).map((name) => values[name]!),
      scratch: true,
    };
  });
}
