/** The volunteer's page with a worker that a test drives: the page itself is the real one. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildPagesWith } from '@murmuration/dashboard/build';
import type { FakeTab } from '@murmuration/dashboard/testing/fake-face';
import { apiPaths } from '@murmuration/protocol/dashboard';
import type { JoinOffer } from '@murmuration/protocol/dashboard';
import type { TestBrowser, Tab, TabOptions } from './browser.ts';

/** Nobody listens there: every request is answered by the test. */
export const ORIGIN = 'http://127.0.0.1:9';

const headers = {
  'content-security-policy':
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; connect-src 'self' ws: wss:; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
};

const pages: Readonly<Record<string, string>> = { '/': 'index.html', '/join': 'join/index.html' };

export class FakeJoinPages implements AsyncDisposable {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async build(): Promise<FakeJoinPages> {
    const folder = await mkdtemp(join(tmpdir(), 'murmuration-pages-'));
    const face = fileURLToPath(import.meta.resolve('@murmuration/dashboard/testing/fake-face'));
    await buildPagesWith(folder, { '@murmuration/worker/browser': face });
    return new FakeJoinPages(folder);
  }

  /** Opens `/join` with that offer; `fake` is what the browser can, to the page. */
  async open(
    browser: TestBrowser,
    offer: JoinOffer,
    { fake = {}, fragment = '', ...options }: { fake?: FakeTab; fragment?: string } & TabOptions = {},
  ): Promise<Tab> {
    const tab = await browser.tab({ ...options, initScript: `globalThis.fakeTab = ${JSON.stringify(fake)}` });
    await tab.context.route(`${ORIGIN}/**`, async (route) => {
      const { pathname } = new URL(route.request().url());
      if (pathname === apiPaths.join) return await route.fulfill({ json: offer, headers });
      const file = join(this.#folder, pages[pathname] ?? pathname.slice(1));
      await route.fulfill(existsSync(file) ? { path: file, headers } : { status: 404, headers });
    });
    await tab.page.goto(`${ORIGIN}/join${fragment}`);
    return tab;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}
