/** What can go wrong between a step program and a WebGPU device. */
import { KernelError } from '../errors.ts';

/** There is no WebGPU adapter. Causes: no Vulkan, Metal or D3D12 driver; a Vulkan older than Dawn takes; a browser without WebGPU. */
export class AdapterNotFoundError extends KernelError {
  readonly code = 'ADAPTER_NOT_FOUND';

  constructor({ cause }: { cause?: unknown } = {}) {
    super({
      message: 'No WebGPU adapter was found on this machine.',
      mend: 'Install a Vulkan driver (Mesa 25 or newer, or the GPU vendor’s), or choose the backend onnx.',
      cause,
    });
  }
}

/** The device went away. Causes: driver crash or reset, GPU unplugged, machine asleep, device closed during a call. */
export class DeviceLostError extends KernelError {
  readonly code = 'DEVICE_LOST';

  constructor({ reason, cause }: { reason: string; cause?: unknown }) {
    super({ message: `The WebGPU device was lost: ${reason}.`, mend: 'Create a new backend and load the parameters again.', cause });
  }
}

/** The device has no memory for what was asked. */
export class DeviceOutOfMemoryError extends KernelError {
  readonly code = 'DEVICE_OUT_OF_MEMORY';

  constructor({ bytes, cause }: { bytes?: number; cause?: unknown }) {
    const size = bytes === undefined ? '' : ` (${bytes} bytes asked for)`;
    super({ message: `The WebGPU device is out of memory${size}.`, mend: 'Use a smaller micro-batch or a smaller model.', cause });
  }
}

/** One tensor is larger than the device can bind to a kernel. */
export class BindingTooLargeError extends KernelError {
  readonly code = 'BINDING_TOO_LARGE';

  constructor({ tensor, bytes, limit }: { tensor: string; bytes: number; limit: number }) {
    super({
      message: `${tensor} takes ${bytes} bytes, and the WebGPU device binds at most ${limit}.`,
      mend: 'Use a smaller micro-batch or a smaller model.',
    });
  }
}

/** The device refused a kernel or a command: a fault of this package or of the driver, never of the job. */
export class DeviceValidationError extends KernelError {
  readonly code = 'DEVICE_VALIDATION';

  constructor({ what, cause }: { what: string; cause?: unknown }) {
    super({
      message: `The WebGPU device refused ${what}.`,
      mend: 'Report it with the adapter’s name; the backend onnx runs the same job meanwhile.',
      cause,
    });
  }
}

/** A call came after the backend or executable was closed. */
export class BackendClosedError extends KernelError {
  readonly code = 'BACKEND_CLOSED';

  constructor() {
    super({ message: 'The WebGPU backend is closed.', mend: 'Create a new backend.' });
  }
}
