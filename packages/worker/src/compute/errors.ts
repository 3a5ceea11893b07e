/** What can go wrong with the device that computes. */
import { MurmurationError } from '@murmuration/protocol';
import type { RemoteError } from './device-messages.ts';

/** A backend refused or broke; it says itself why. */
export class DeviceError extends MurmurationError {
  readonly code: string;

  constructor({ error: { name, code, message, mend } }: { error: RemoteError }) {
    super(
      mend !== null && message.endsWith(mend)
        ? { message: message.slice(0, -mend.length).trim(), mend }
        : { message: `The device failed (${name}): ${message}`, mend: 'Try another backend.' },
    );
    this.code = code;
  }
}

/** The device thread is gone. Causes: the driver crashed it, or the process ran out of memory. */
export class DeviceThreadError extends MurmurationError {
  readonly code = 'DEVICE_THREAD';

  constructor({ why, cause }: { why: string; cause?: unknown }) {
    super({
      message: `The device thread ended: ${why}.`,
      mend: 'Start the worker again, with another backend if it happens again.',
      cause,
    });
  }
}

/** The job's data does not have what the job says, although its files have the right hashes. */
export class JobDataMismatchError extends MurmurationError {
  readonly code = 'JOB_DATA_MISMATCH';

  constructor({ what, stated, found }: { what: string; stated: number; found: number }) {
    super({
      message: `The job says that its data has ${stated} ${what}, but it has ${found}.`,
      mend: 'Leave this run: its coordinator contradicts its own data.',
    });
  }
}

/** The loss or the gradient is not a number any more. Causes: a learning rate that is too high, or a device that computes wrongly. */
export class DivergedError extends MurmurationError {
  readonly code = 'DIVERGED';

  constructor({ round, lossSum }: { round: number; lossSum: number }) {
    super({
      message: `The gradient of round ${round} is not finite (its loss is ${lossSum}).`,
      mend: 'Lower the learning rate, or run doctor to see whether the device computes correctly.',
    });
  }
}
