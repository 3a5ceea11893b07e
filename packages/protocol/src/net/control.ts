/** Control streams by role: the coordinator states its terms, the worker answers with `hello`, and both go on from there. */
import type { Stream } from '@libp2p/interface';
import { coordinatorCodec, termsCodec, workerCodec, type Codec } from '../wire/codec.ts';
import type { CoordinatorMessage, MemberInfo, Terms, WorkerMessage } from '../wire/control.ts';
import { CONTROL_PROTOCOL } from '../wire/names.ts';
import { ControlStream, type ControlHandlers } from './control-stream.ts';
import { StreamClosedError } from './errors.ts';
import type { MurmurationNode } from './murmuration-node.ts';

/** A worker as its coordinator sees it. */
export type WorkerControl = ControlStream<WorkerMessage, CoordinatorMessage | Terms>;
/** A coordinator as a worker sees it. */
export type CoordinatorControl = ControlStream<CoordinatorMessage | Terms, WorkerMessage>;

/** What a coordinator says is terms or a message; each is packed by its own schema. */
const spokenCodec: Codec<CoordinatorMessage | Terms> = {
  encode: (message) => (message.type === 'terms' ? termsCodec.encode(message) : coordinatorCodec.encode(message)),
  decode: (bytes) => coordinatorCodec.decode(bytes),
};

/** What a worker hears: terms first, messages afterwards. */
function heardCodec(): Codec<CoordinatorMessage | Terms> {
  let next: Codec<CoordinatorMessage> | Codec<Terms> = termsCodec;
  return {
    encode: spokenCodec.encode,
    decode(bytes) {
      const message = next.decode(bytes);
      next = coordinatorCodec;
      return message;
    },
  };
}

/**
 * Coordinator: takes control streams and states the terms on each. `accept` is called for each new one and returns who
 * listens to it; call `control.admit()` once the worker is a member, until then it may only send small messages.
 */
export async function serveControl(
  node: MurmurationNode,
  terms: () => Terms,
  accept: (control: WorkerControl) => ControlHandlers<WorkerMessage>,
): Promise<void> {
  await node.serve(CONTROL_PROTOCOL, 2, async (stream, peer) => {
    const late: { handlers?: ControlHandlers<WorkerMessage> } = {};
    const control: WorkerControl = new ControlStream(
      { node, stream, peer, outgoing: spokenCodec, incoming: workerCodec },
      {
        onMessage: (message) => late.handlers?.onMessage(message),
        onClose: (reason) => late.handlers?.onClose(reason),
      },
    );
    late.handlers = accept(control);
    await control.send(terms());
  });
}

/**
 * Worker: opens the control stream to its coordinator and waits for its terms.
 * @throws DialFailedError, ProtocolMismatchError, StreamClosedError
 */
export async function dialControl(
  node: MurmurationNode,
  coordinator: MemberInfo,
  handlers: ControlHandlers<CoordinatorMessage>,
  signal?: AbortSignal,
): Promise<{ readonly control: CoordinatorControl; readonly terms: Terms }> {
  const stream = await node.open(coordinator, CONTROL_PROTOCOL, signal);
  const first = Promise.withResolvers<Terms>();
  const control: CoordinatorControl = new ControlStream(
    { node, stream, peer: coordinator.peerId, outgoing: workerCodec, incoming: heardCodec() },
    {
      onMessage: (message) => (message.type === 'terms' ? first.resolve(message) : handlers.onMessage(message)),
      onClose(reason) {
        first.reject(reason ?? new StreamClosedError({ peer: coordinator.peerId, why: 'it ended before its terms' }));
        handlers.onClose(reason);
      },
    },
  );
  control.admit();
  return { control, terms: await withinStall(node, stream, first.promise) };
}

async function withinStall<T>(node: MurmurationNode, stream: Stream, promise: Promise<T>): Promise<T> {
  const late = new StreamClosedError({ peer: 'the coordinator', why: 'it stated no terms' });
  const timer = setTimeout(() => stream.abort(late), node.timeouts.stall);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
}
