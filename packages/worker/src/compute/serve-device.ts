/**
 * The device thread's side of the calls. Backends compute on the thread that calls them, so they live in one of their own: the main
 * thread, which speaks with peers, stays responsive while a step runs. Calls are worked on one at a time.
 */
import {
  type CompileProgress,
  type Executable,
  FixedSumsError,
  type SelectedBackend,
} from '@murmuration/kernels/backend-core';
import type {
  DeviceAnswer,
  DeviceCallName,
  DeviceCalls,
  DeviceDescription,
  DeviceOptions,
  DeviceRequest,
  RemoteError,
} from './device-messages.ts';

type Handlers = {
  [K in DeviceCallName]: (
    request: DeviceCalls[K]['request'],
    onProgress: (progress: CompileProgress) => void,
  ) => Promise<DeviceCalls[K]['response']>;
};

export interface DeviceServerParts {
  /** Opens what was asked for. */
  readonly open: (options: DeviceOptions) => Promise<SelectedBackend>;
  /** @param transfer buffers that move instead of being copied */
  readonly post: (answer: DeviceAnswer, transfer: ArrayBuffer[]) => void;
}

/** Takes requests as they come in. */
export function deviceServer({ open, post }: DeviceServerParts): (request: DeviceRequest) => void {
  const handlers = handlersOf(open);
  const answer = async ({ id, call, request }: DeviceRequest): Promise<void> => {
    try {
      const response = await handlers[call](request as never, (progress) => post({ id, progress }, []));
      const moves = response instanceof Float32Array || response instanceof BigInt64Array;
      post({ id, response }, moves ? [response.buffer as ArrayBuffer] : []);
    } catch (thrown) {
      post({ id, error: remote(thrown) }, []);
    }
  };
  let tail: Promise<void> = Promise.resolve();
  return (request) => {
    tail = tail.then(() => answer(request));
  };
}

function handlersOf(open: DeviceServerParts['open']): Handlers {
  let backend: SelectedBackend | null = null;
  let threads = 1;
  const executables = new Map<number, Executable>();
  let nextExecutable = 0;

  const opened = (): SelectedBackend => {
    if (backend === null) throw new Error('the device was not opened');
    return backend;
  };
  const describe = ({ name, adapter, reason }: SelectedBackend): DeviceDescription => ({
    name,
    adapter,
    threads,
    reason,
  });
  const executable = (id: number): Executable => {
    const found = executables.get(id);
    if (found === undefined) throw new Error(`there is no executable ${id}`);
    return found;
  };

  return {
    async open(options) {
      threads = options.threads;
      backend = await open(options);
      return describe(backend);
    },
    async compile({ program }, onProgress) {
      const made = await opened().compile(program, { onProgress });
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
      return into.buffer instanceof ArrayBuffer ? into : null;
    },
    async drainFixed({ executable: id, into }) {
      const one = executable(id);
      if (one.drainFixed === undefined) throw new FixedSumsError();
      await one.drainFixed(into);
      return into.buffer instanceof ArrayBuffer ? into : null;
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
