/**
 * Entry of the device thread. Backends compute on the thread that calls them, so they live here: the main thread, which
 * speaks with peers, stays responsive while a step runs. It reads calls from its parent one at a time.
 */
import { parentPort } from 'node:worker_threads';
import { type Executable, selectBackend, type SelectedBackend } from '@murmuration/kernels/backend';
import type {
  DeviceAnswer,
  DeviceCallName,
  DeviceCalls,
  DeviceDescription,
  DeviceRequest,
  RemoteError,
} from './device-messages.ts';

type Handlers = { [K in DeviceCallName]: (request: DeviceCalls[K]['request']) => Promise<DeviceCalls[K]['response']> };

let backend: SelectedBackend | null = null;
const executables = new Map<number, Executable>();
let nextExecutable = 0;

const opened = (): SelectedBackend => {
  if (backend === null) throw new Error('the device was not opened');
  return backend;
};

const describe = ({ name, adapter, reason }: SelectedBackend): DeviceDescription => ({ name, adapter, reason });

function executable(id: number): Executable {
  const found = executables.get(id);
  if (found === undefined) throw new Error(`there is no executable ${id}`);
  return found;
}

const handlers: Handlers = {
  async open({ backend: requested, threads, numerics = 'fast' }) {
    backend = await selectBackend({ requested, threads, numerics });
    return describe(backend);
  },
  async compile({ program }) {
    const made = await opened().compile(program);
    const id = nextExecutable++;
    executables.set(id, made);
    return { executable: id, memory: made.memory, ...describe(opened()) };
  },
  async load({ executable: id, parameters }) {
    await executable(id).load(parameters);
    return null;
  },
  accumulate: ({ executable: id, batch }) => executable(id).accumulate(batch),
  async drain({ executable: id, into, scale }) {
    await executable(id).drain(into, scale);
    return null;
  },
  evaluate: ({ executable: id, batch }) => executable(id).evaluate(batch),
  async release({ executable: id }) {
    await executable(id).close();
    executables.delete(id);
    return null;
  },
  async close() {
    for (const one of executables.values()) await one.close();
    executables.clear();
    await backend?.close();
    backend = null;
    return null;
  },
};

async function answer({ id, call, request }: DeviceRequest): Promise<void> {
  try {
    post({ id, response: await handlers[call](request as never) });
  } catch (thrown) {
    post({ id, error: remote(thrown) });
  }
}

function remote(thrown: unknown): RemoteError {
  if (!(thrown instanceof Error)) return { name: 'Error', code: 'UNKNOWN', message: String(thrown), mend: null };
  const { code, mend } = thrown as { code?: unknown; mend?: unknown };
  return {
    name: thrown.name,
    code: typeof code === 'string' ? code : 'UNKNOWN',
    message: thrown.message,
    mend: typeof mend === 'string' ? mend : null,
  };
}

function post(message: DeviceAnswer): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage(message);
}

let tail: Promise<void> = Promise.resolve();
parentPort?.on('message', (request: DeviceRequest) => {
  tail = tail.then(() => answer(request));
});
