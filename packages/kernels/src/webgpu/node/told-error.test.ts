import { describe, expect, it } from 'vitest';
import {
  AdapterNotFoundError,
  BackendClosedError,
  BindingTooLargeError,
  DeviceLostError,
  DeviceOutOfMemoryError,
  DeviceValidationError,
} from '../errors.ts';
import { FixedSumsError, GradientOverflowError } from '../../backend/errors.ts';
import { reviveError, tellError } from './told-error.ts';

const errors = [
  new AdapterNotFoundError({ reason: 'the test says so', cause: new Error('inner') }),
  new BackendClosedError(),
  new BindingTooLargeError({ tensor: 'a tensor', bytes: 5, limit: 4 }),
  new DeviceLostError({ reason: 'unplugged' }),
  new DeviceOutOfMemoryError({ what: 'a buffer' }),
  new DeviceValidationError({ what: 'a kernel', complaint: 'no' }),
  new FixedSumsError(),
  new GradientOverflowError({ parameter: 'layers.0.weight', element: 3 }),
];

describe('an error told across threads', () => {
  it.each(errors)('is the same again: $name', (error) => {
    const again = reviveError(structuredClone(tellError(error)));
    expect(again).toBeInstanceOf(error.constructor);
    expect([again.code, again.message, again.mend]).toEqual([error.code, error.message, error.mend]);
    expect((again.cause as Error | undefined)?.message).toBe((error.cause as Error | undefined)?.message);
  });

  it('is a fault of the device’s side where it is no error of this package', () => {
    expect(reviveError(structuredClone(tellError(new TypeError('x is not a function'))))).toMatchObject({
      code: 'DEVICE_VALIDATION',
      message: expect.stringContaining('TypeError: x is not a function'),
    });
  });
});
