/**
 * A WebSocket listener for programs of this machine, told to nobody: connections that came in by a port of another program
 * (one that also serves pages there) are passed on to it.
 */
import type { Libp2p } from '@libp2p/interface';

/** Where the node listens for them; the system chooses the port. */
const DOOR = '/ip4/127.0.0.1/tcp/0/ws';
const localWebSocket = /^\/ip4\/127\.0\.0\.1\/tcp\/(\d+)\/ws$/;

export class Door {
  #port: number | null = null;
  #hidden = false;

  /** Host and port to connect to; null before the node listens. */
  get address(): { readonly host: string; readonly port: number } | null {
    return this.#port === null ? null : { host: '127.0.0.1', port: this.#port };
  }

  /** What to listen on beside `listen`: nothing where one of those serves as well. */
  extra(listen: readonly string[]): string[] {
    this.#hidden = !listen.some((address) => localWebSocket.test(address));
    return this.#hidden ? [DOOR] : [];
  }

  /** Learns the port. Call it before the node starts. */
  watch(libp2p: Libp2p): void {
    libp2p.addEventListener('transport:listening', ({ detail }) => {
      for (const address of detail.getAddrs()) {
        const [, port] = localWebSocket.exec(address.toString()) ?? [];
        if (port !== undefined) this.#port = Number(port);
      }
    });
  }

  /** Whether an address of the node is this one, and not to be told. */
  hides(address: string): boolean {
    return this.#hidden && this.#port !== null && address.startsWith(`/ip4/127.0.0.1/tcp/${this.#port}/ws`);
  }
}
