/** One piece of work that contenders are asked to do, as plain data: it crosses to other processes and languages as JSON. */
import type { ModelSpec } from '@murmuration/kernels/graph';

/** a′·b′ of `batch` matrices; N is stored as it is used, T transposed. */
export interface MatmulWork {
  readonly kind: 'matmul';
  readonly form: 'NN' | 'NT' | 'TN';
  readonly batch: number;
  readonly m: number;
  readonly k: number;
  readonly n: number;
}

/** Causal self-attention over [batch, heads, length, width]; with `backward` also the gradients of its three operands. */
export interface AttentionWork {
  readonly kind: 'attention';
  readonly batch: number;
  readonly heads: number;
  readonly length: number;
  readonly width: number;
  readonly backward: boolean;
}

/** A kernel over [rows, columns]: norms and softmax by row, sums over columns (`reduceRows`) or over rows (`reduceColumns`). */
export interface RowsWork {
  readonly kind: 'layerNorm' | 'softmax' | 'reduceRows' | 'reduceColumns';
  readonly rows: number;
  readonly columns: number;
}

/** Convolution with same padding, stride 1: [batch, inputs, size, size] → [batch, outputs, size, size]. */
export interface ConvolutionWork {
  readonly kind: 'conv2d';
  readonly batch: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly size: number;
  /** Odd. */
  readonly kernel: number;
}

/** Forward and backward of a model over one micro-batch. */
export interface StepWork {
  readonly kind: 'step';
  readonly name: string;
  readonly model: ModelSpec;
  readonly batch: number;
  /** Class or token numbers lie below it. */
  readonly classes: number;
}

/** What an adapter can do at most: multiply-adds without loads, or bytes copied. Only `ceiling` does these. */
export interface CeilingWork {
  readonly kind: 'ceiling';
  readonly of: 'flops' | 'bytes';
}

/** No work, but a number: the pipelines that a step takes. Only our WebGPU backend knows. */
export interface PipelinesWork {
  readonly kind: 'pipelines';
  readonly model: ModelSpec;
  readonly batch: number;
}

export type KernelWork = MatmulWork | AttentionWork | RowsWork | ConvolutionWork;
export type AdapterWork = CeilingWork | PipelinesWork;
export type Work = KernelWork | StepWork | AdapterWork;

export function nameOf(work: Work): string {
  switch (work.kind) {
    case 'matmul':
      return `matmul ${work.form} ${work.batch > 1 ? `${work.batch} × ` : ''}${work.m} × ${work.k} × ${work.n}`;
    case 'attention': {
      const { batch, heads, length, width, backward } = work;
      return `attention ${batch} × ${heads} × ${length} × ${width}${backward ? ', with gradients' : ''}`;
    }
    case 'conv2d':
      return `conv2d ${work.kernel} × ${work.kernel}, ${work.batch} × ${work.inputs}→${work.outputs} × ${work.size}²`;
    case 'step':
      return work.name;
    case 'pipelines':
      return `the pipelines of a ${work.model.type}`;
    case 'ceiling':
      return work.of === 'flops' ? 'multiply-adds without loads' : 'a copy';
    default:
      return `${work.kind} ${work.rows} × ${work.columns}`;
  }
}
