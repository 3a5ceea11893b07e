/** Errors told across threads: the same class with the same message on the other side. */
import {
  AdapterNotFoundError,
  BackendClosedError,
  BindingTooLargeError,
  DeviceLostError,
  DeviceOutOfMemoryError,
  DeviceValidationError,
  WebGpuError,
} from '../errors.ts';
import { FixedSumsError, GradientOverflowError } from '../../backend/errors.ts';
import type { ToldError } from './messages.ts';

type ToldClass = WebGpuError | GradientOverflowError | FixedSumsError;

/** Classes by name; each is built from the details that it keeps. */
const classes: Readonly<Record<string, new (details: never) => ToldClass>> = {
  AdapterNotFoundError,
  BackendClosedError,
  BindingTooLargeError,
  DeviceLostError,
  DeviceOutOfMemoryError,
  DeviceValidationError,
  FixedSumsError,
  GradientOverflowError,
};

const isTold = (error: unknown): error is ToldClass =>
  [WebGpuError, GradientOverflowError, FixedSumsError].some((Class) => error instanceof Class);

/** `error` as data; its cause as text. */
export function tellError(error: unknown): ToldError {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  if (!isTold(error)) return { name, message, details: {} };
  const cause =
    error.cause === undefined
      ? {}
      : { cause: String(error.cause instanceof Error ? error.cause.message : error.cause) };
  return { name, message, details: { ...error.details, ...cause } };
}

/** The error again. What is no `WebGpuError` is a fault of this package. */
export function reviveError({ name, message, details }: ToldError): ToldClass {
  const Class = classes[name];
  if (Class === undefined) return new DeviceValidationError({ what: 'a call', complaint: `${name}: ${message}` });
  const cause = typeof details['cause'] === 'string' ? { cause: new Error(details['cause']) } : {};
  return new Class({ ...details, ...cause } as never);
}
