/** What can go wrong between a graph and an ONNX model. */
import { KernelError } from '../errors.ts';

/** A model cannot be exported as asked. */
export class OnnxExportError extends KernelError {
  readonly code = 'ONNX_EXPORT';

  constructor({ reason, mend }: { reason: string; mend: string }) {
    super({ message: `The model cannot be exported to ONNX: ${reason}.`, mend });
  }
}
