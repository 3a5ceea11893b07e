/**
 * The WebSocket transport, made fit for strangers. The library's listener leaves three holes that one connection each is
 * enough to use: a frame that is no frame ends the whole process (an `error` event that nobody hears), a frame may announce
 * 100 MiB and fill the memory before anybody is known, and a connection that is given up is never closed (its code for
 * that is one that WebSockets refuse).
 */
import { webSockets, type WebSocketsInit } from '@libp2p/websockets';
import { MAX_WEBSOCKET_MESSAGE } from './limits.ts';

/** What the listener gives a connection to. */
type Taken = (socket: ServerSocket, request: unknown) => void;

/** The parts of `ws` that are used here. */
interface ServerSocket {
  on(event: 'error', listener: () => void): void;
  close(code?: number, reason?: string): void;
  terminate(): void;
}

interface SocketServer {
  options: { maxPayload: number };
  handleUpgrade(request: unknown, socket: unknown, head: unknown, taken: Taken): void;
}

/** What "given up" is called, which no end may say. */
const ABNORMAL = 1006;

function guardSocket(socket: ServerSocket): void {
  // It closes itself after an error, and that is heard.
  socket.on('error', () => undefined);
  const close = socket.close.bind(socket);
  socket.close = (code, reason) => (code === ABNORMAL ? socket.terminate() : close(code, reason));
}

function guardServer(server: SocketServer): void {
  server.options.maxPayload = MAX_WEBSOCKET_MESSAGE;
  const handleUpgrade = server.handleUpgrade.bind(server);
  server.handleUpgrade = (request, socket, head, taken) =>
    handleUpgrade(request, socket, head, (webSocket, from) => {
      guardSocket(webSocket);
      taken(webSocket, from);
    });
}

/** As `webSockets` of libp2p, with listeners that strangers can't break. */
export function guardedWebSockets(init: WebSocketsInit): ReturnType<typeof webSockets> {
  const make = webSockets(init);
  return (components) => {
    const transport = make(components);
    const createListener = transport.createListener.bind(transport);
    transport.createListener = (options) => {
      const listener = createListener(options);
      const { wsServer } = listener as unknown as { wsServer?: SocketServer };
      // Another version of the library, which holds its server elsewhere: better no listener than one that can be broken.
      if (wsServer === undefined)
        throw new Error('The WebSocket listener of libp2p has changed and can not be guarded.');
      guardServer(wsServer);
      return listener;
    };
    return transport;
  };
}
