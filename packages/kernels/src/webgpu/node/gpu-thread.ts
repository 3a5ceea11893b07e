/** The thread that owns the GPU. It does one call at a time and nothing else, for its `setImmediate` may sleep. */
import { parentPort } from 'node:worker_threads';
import type { Backend, Executable } from '../../backend/backend.ts';
import { describeAdapters } from '../adapter.ts';
import { openDeviceBackend } from '../backend.ts';
import { BackendClosedError } from '../errors.ts';
import type { CallName, Calls, ExecutableId, Reply, Request, Told } from './messages.ts';
import { openGpu } from './open-gpu.ts';
import { throttleSetImmediate } from './throttle.ts';
import { tuningFile, tuningMode } from './tuning-file.ts';
import { tellError } from './told-error.ts';

const throttle = throttleSetImmediate();
const executables = new Map<ExecutableId, Executable>();
let backend: Backend | undefined;

function opened(): Backend {
  if (backend === undefined) throw new BackendClosedError();
  return backend;
}

function executable(id: ExecutableId): Executable {
  const found = executables.get(id);
  if (found === undefined) throw new BackendClosedError();
  return found;
}

const calls: { readonly [Name in CallName]: (take: Calls[Name]['take']) => Promise<Calls[Name]['give']> } = {
  listAdapters: async () => describeAdapters(await openGpu()),
  open: async (options) => {
    const { backend: opening, adapter } = await openDeviceBackend(await openGpu(), {
      ...options,
      tuning: { store: tuningFile(), mode: tuningMode() },
    });
    backend = opening;
    return adapter;
  },
  compile: async ({ id, program }) => {
    const executable = await opened().compile(program, { onProgress: (progress) => post({ progress }) });
    executables.set(id, executable);
    return executable.memory;
  },
  load: ({ id, parameters }) => executable(id).load(parameters),
  accumulate: ({ id, batch }) => executable(id).accumulate(batch),
  drain: ({ id, into, scale }) => executable(id).drain(into, scale),
  drainFixed: async ({ id, into }) => {
    await executable(id).drainFixed?.(into);
  },
  evaluate: ({ id, batch }) => executable(id).evaluate(batch),
  release: async ({ id }) => {
    await executables.get(id)?.close();
    executables.delete(id);
  },
  close: async () => {
    await backend?.close();
  },
};

function post(told: Told): void {
  throttle.restart();
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage(told);
}

async function answer({ call, take }: Request): Promise<Reply> {
  throttle.restart();
  try {
    return { give: await calls[call](take as never) };
  } catch (error) {
    return { failed: tellError(error) };
  }
}

async function serve(request: Request): Promise<void> {
  post(await answer(request));
  if (request.call === 'close') parentPort?.close();
}

let before: Promise<void> = Promise.resolve();
parentPort?.on('message', (request: Request) => {
  before = before.then(() => serve(request));
});
