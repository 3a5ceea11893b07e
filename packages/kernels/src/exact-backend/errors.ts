/** What can go wrong in the exact backend. */
import { KernelError } from '../errors.ts';

/** Causes: an id or label outside its table led a kernel out of its memory; a thread could not be started or was ended; a fault of the renderer. */
export class ExactThreadError extends KernelError {
  readonly code = 'EXACT_THREAD';

  constructor({ reason, cause }: { reason: string; cause?: unknown }) {
    super({
      message: `The exact backend's threads failed: ${reason}.`,
      mend: 'Check that ids and labels lie within their tables, and compile the program again.',
      cause,
    });
  }
}

/** Cause: parameters, data and the largest live set of a step do not fit what a WebAssembly memory can hold, or the host gives less. */
export class ExactMemoryError extends KernelError {
  readonly code = 'EXACT_MEMORY';

  constructor({ bytes, largest, cause }: { bytes: number; largest: string; cause?: unknown }) {
    super({
      message: `The exact backend needs ${bytes} bytes for this program and cannot have them (4 GiB is the most); the largest part is ${largest}.`,
      mend: 'Use a smaller micro-batch or a smaller model, or choose the backend onnx or webgpu.',
      cause,
    });
  }
}
