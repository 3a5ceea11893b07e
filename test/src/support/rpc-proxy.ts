/** A chain's endpoint that fails when a test says so. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export class RpcProxy implements AsyncDisposable {
  /** Which requests, by their JSON, are answered with a bad gateway. */
  fails: (body: string) => boolean = () => false;
  readonly #server: Server;

  private constructor(target: string) {
    this.#server = createServer((request, response) => {
      void text(request).then(async (body) => {
        if (this.fails(body)) return response.writeHead(502).end();
        const headers = { 'content-type': 'application/json' };
        const answer = await fetch(target, { method: 'POST', headers, body });
        return response.writeHead(answer.status, headers).end(await answer.text());
      });
    });
  }

  /** Leads to the chain at `target`. */
  static async to(target: string): Promise<RpcProxy> {
    const proxy = new RpcProxy(target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
