/**
 * What the main thread and the device thread say to each other. The arrays of a batch move over; flat vectors lie in
 * memory that both threads see, which one of them uses at a time, or move too where none can be shared (a page without isolation headers).
 */
import type {
  AdapterInfo,
  BackendName,
  Batch,
  CompileProgress,
  DeviceMemory,
  EvaluationSums,
  Numerics,
} from '@murmuration/kernels/backend-core';
import type { StepProgram } from '@murmuration/kernels/graph';

export type BackendChoice = 'auto' | BackendName;

export interface DeviceOptions {
  readonly backend: BackendChoice;
  /** CPU threads of the backend. */
  readonly threads: number;
  /** `fast` unless given. */
  readonly numerics?: Numerics;
  /** The last resort: whatever runs on the CPU, since the adapter failed again and again. */
  readonly onCpu?: boolean;
}

export interface DeviceDescription {
  readonly name: BackendName;
  readonly adapter: AdapterInfo;
  /** CPU threads that it was given. */
  readonly threads: number;
  /** Why this backend, in one sentence. */
  readonly reason: string;
}

/** Calls by name: what goes over, what comes back. `executable` numbers what `compile` made. */
export interface DeviceCalls {
  open: { readonly request: DeviceOptions; readonly response: DeviceDescription };
  compile: {
    readonly request: { readonly program: StepProgram };
    readonly response: { readonly executable: number; readonly memory: DeviceMemory | undefined } & DeviceDescription;
  };
  load: {
    readonly request: { readonly executable: number; readonly parameters: Float32Array };
    readonly response: null;
  };
  accumulate: {
    readonly request: { readonly executable: number; readonly batch: Batch };
    readonly response: { readonly lossSum: number };
  };
  drain: {
    readonly request: { readonly executable: number; readonly into: Float32Array; readonly scale: number };
    /** `into` where its memory is not shared: it moves there and back. */
    readonly response: Float32Array | null;
  };
  drainFixed: {
    readonly request: { readonly executable: number; readonly into: BigInt64Array };
    /** As of `drain`. */
    readonly response: BigInt64Array | null;
  };
  evaluate: {
    readonly request: { readonly executable: number; readonly batch: Batch };
    readonly response: EvaluationSums;
  };
  release: { readonly request: { readonly executable: number }; readonly response: null };
  close: { readonly request: null; readonly response: null };
}

export type DeviceCallName = keyof DeviceCalls;

export type DeviceRequest = {
  [K in DeviceCallName]: { readonly id: number; readonly call: K; readonly request: DeviceCalls[K]['request'] };
}[DeviceCallName];

/** An error loses its class between threads; its name, code and sentences survive. */
export interface RemoteError {
  readonly name: string;
  readonly code: string;
  readonly message: string;
  /** What its reader should do, the last sentence of `message`; null when the error has none. */
  readonly mend: string | null;
}

/** Answers to calls, whole or failed; while a program compiles, how far that is. */
export type DeviceAnswer =
  | { readonly id: number; readonly response: unknown }
  | { readonly id: number; readonly progress: CompileProgress }
  | { readonly id: number; readonly error: RemoteError };

/** A device thread under way, however the platform makes one. */
export interface DevicePort {
  /** @param transfer buffers that move instead of being copied */
  post(request: DeviceRequest, transfer: ArrayBuffer[]): void;
  terminate(): Promise<void>;
}

export interface DeviceEvents {
  onAnswer(answer: DeviceAnswer): void;
  /** The thread failed or ended of itself. */
  onEnd(why: string, cause?: unknown): void;
}

export type SpawnDevice = (events: DeviceEvents) => DevicePort;
