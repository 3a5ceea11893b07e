/** What can go wrong between a step program and a WebGPU device. */
import { KernelError } from '../errors.ts';

/** Where the cause is known only as text: it may have come from another thread. */
interface Caused {
  readonly cause?: unknown;
}

/** An error that is told from its `details`, so that it can be told again in another thread. */
export abstract class WebGpuError extends KernelError {
  readonly details: object;

  constructor({ message, mend, details }: { message: string; mend: string; details: Caused }) {
    super({ message, mend, cause: details.cause });
    this.details = details;
  }
}

/** There is no WebGPU adapter. Causes: no Vulkan, Metal or D3D12 driver; a Vulkan older than Dawn takes; a browser without WebGPU. */
export class AdapterNotFoundError extends WebGpuError {
  readonly code = 'ADAPTER_NOT_FOUND';

  constructor(details: Caused & { reason?: string } = {}) {
    const { reason = 'no driver offers one' } = details;
    super({
      message: `No WebGPU adapter was found on this machine: ${reason}.`,
      mend: 'Install a Vulkan driver (Mesa 25 or newer, or the GPU vendor’s), or choose the backend onnx.',
      details,
    });
  }
}

/** The device went away. Causes: driver crash or reset, GPU unplugged, machine asleep, device closed during a call. */
export class DeviceLostError extends WebGpuError {
  readonly code = 'DEVICE_LOST';

  constructor(details: Caused & { reason: string }) {
    const { reason } = details;
    super({
      message: `The WebGPU device was lost: ${reason}.`,
      mend: 'Create a new backend and load the parameters again.',
      details,
    });
  }
}

/** The device has no memory for what was asked. */
export class DeviceOutOfMemoryError extends WebGpuError {
  readonly code = 'DEVICE_OUT_OF_MEMORY';

  constructor(details: Caused & { what: string }) {
    const { what } = details;
    super({
      message: `The WebGPU device has no memory for ${what}.`,
      mend: 'Use a smaller micro-batch or a smaller model.',
      details,
    });
  }
}

/** One tensor is larger than the device can bind to a kernel. */
export class BindingTooLargeError extends WebGpuError {
  readonly code = 'BINDING_TOO_LARGE';

  constructor(details: Caused & { tensor: string; bytes: number; limit: number }) {
    const { tensor, bytes, limit } = details;
    super({
      message: `The WebGPU device binds at most ${limit} bytes at once, and ${tensor} takes ${bytes}.`,
      mend: 'Use a smaller micro-batch or a smaller model.',
      details,
    });
  }
}

/** The device refused a kernel or a command: a fault of this package or of the driver, never of the job. */
export class DeviceValidationError extends WebGpuError {
  readonly code = 'DEVICE_VALIDATION';

  constructor(details: Caused & { what: string; complaint: string }) {
    const { what, complaint } = details;
    super({
      message: `The WebGPU device refused ${what}: ${complaint}.`,
      mend: 'Report it with the adapter’s name; the backend onnx runs the same job meanwhile.',
      details,
    });
  }
}

/** A call came after the backend was closed. */
export class BackendClosedError extends WebGpuError {
  readonly code = 'BACKEND_CLOSED';

  constructor(details: Caused = {}) {
    super({ message: 'The WebGPU backend is closed.', mend: 'Create a new backend.', details });
  }
}
