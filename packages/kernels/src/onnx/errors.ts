/** What can go wrong between a graph and an ONNX model. */
import type { DType } from '../graph/graph.ts';
import { KernelError } from '../errors.ts';

/** An op has no ONNX lowering, or not for these operands. */
export class OnnxLoweringError extends KernelError {
  readonly code = 'ONNX_LOWERING';

  constructor({ op, dtype, reason }: { op: string; dtype: DType; reason: string }) {
    super({
      message: `The op ${op} (${dtype}) cannot be lowered to ONNX: ${reason}.`,
      mend: "Give the op's file an onnx property that covers this case.",
    });
  }
}

/** A model cannot be exported as asked. */
export class OnnxExportError extends KernelError {
  readonly code = 'ONNX_EXPORT';

  constructor({ reason, mend }: { reason: string; mend: string }) {
    super({ message: `The model cannot be exported to ONNX: ${reason}.`, mend });
  }
}
