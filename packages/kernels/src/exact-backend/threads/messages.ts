/** What is said to a thread of the pool, and what it answers. All of it can be posted. */

/** One call of an exported function. Functions that take scratch memory get the thread's own as their last argument. */
export interface Work {
  /** The op, or the ops of a fused chain, for people. */
  readonly label: string;
  readonly name: string;
  readonly arguments: readonly number[];
  readonly scratch?: boolean;
}

/** Calls that may run in any order and on any threads; all end before the next stage begins. */
export type Stage = readonly Work[];

/** A program as threads know it: code, memory, and named lists of stages. */
export interface ThreadProgram {
  readonly module: WebAssembly.Module;
  /** Shared where there are several threads. Its first bytes are {@link CONTROL_WORDS} i32 words of control. */
  readonly memory: WebAssembly.Memory;
  readonly lists: Readonly<Record<string, readonly Stage[]>>;
  /** Addresses of the threads' scratch memory. */
  readonly scratch: readonly number[];
}

export type ThreadRequest =
  | { readonly kind: 'open'; readonly id: number; readonly thread: number; readonly program: ThreadProgram }
  | { readonly kind: 'run'; readonly id: number; readonly list: string }
  | { readonly kind: 'close'; readonly id: number };

/** The answer to `open` and `run`. */
export interface ThreadReply {
  /** Why it failed, as text. */
  readonly failed?: string;
}

export const CONTROL_WORDS = 16;

/** Words of control: threads at the barrier, stages that have ended, the next call to take, whether a call has failed. */
export const CONTROL = { arrived: 0, generation: 1, next: 2, failed: 3 } as const;
