/** What the host and the GPU's thread say to each other. Large arrays lie in shared memory and are not copied. */
import type { Batch, CompileProgress, DeviceMemory, EvaluationSums } from '../../backend/backend.ts';
import type { StepProgram } from '../../graph/step-program.ts';
import type { AdapterDescription } from '../adapter.ts';
import type { WebGpuOptions } from '../backend.ts';

/** Names an executable of the thread. */
export type ExecutableId = number;

/** Each call with its parameters and its result. */
export interface Calls {
  readonly listAdapters: { take: Record<string, never>; give: readonly AdapterDescription[] };
  readonly open: { take: WebGpuOptions; give: AdapterDescription };
  readonly compile: { take: { id: ExecutableId; program: StepProgram }; give: DeviceMemory | undefined };
  readonly load: { take: { id: ExecutableId; parameters: Float32Array }; give: void };
  readonly accumulate: { take: { id: ExecutableId; batch: Batch }; give: { lossSum: number } };
  readonly drain: { take: { id: ExecutableId; into: Float32Array; scale: number }; give: void };
  readonly drainFixed: { take: { id: ExecutableId; into: BigInt64Array }; give: void };
  readonly evaluate: { take: { id: ExecutableId; batch: Batch }; give: EvaluationSums };
  readonly release: { take: { id: ExecutableId }; give: void };
  readonly close: { take: Record<string, never>; give: void };
}

export type CallName = keyof Calls;

export interface Request<Name extends CallName = CallName> {
  readonly call: Name;
  readonly take: Calls[Name]['take'];
}

/** Replies come in the order of the requests; progress before the reply of the request that it is of. */
export type Reply = { readonly give: unknown } | { readonly failed: ToldError };
export type Told = Reply | { readonly progress: CompileProgress };

/** An error as data. */
export interface ToldError {
  readonly name: string;
  readonly message: string;
  /** What the error's class is built from. */
  readonly details: Readonly<Record<string, unknown>>;
}
