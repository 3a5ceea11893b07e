/** The run page of a directory as a browser with an empty profile finds it, from the address to a page that answers keys. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { TestBrowser } from '@murmuration/test/browser';
import { orchestrateBin } from '../harness/served-run.ts';

/** Seconds since the address was opened. */
export interface PageTimes {
  /** Curves are drawn, and the first members stand in their table. */
  readonly shown: number;
  /** A key that was pressed then stands in the search field. */
  readonly interactive: number;
}

/** The pages of one directory, served by `orchestrate dashboard` until it is disposed of. */
export class ServedDirectory implements AsyncDisposable {
  readonly origin: string;
  readonly #stop: () => Promise<void>;

  private constructor(origin: string, stop: () => Promise<void>) {
    this.origin = origin;
    this.#stop = stop;
  }

  static async serve(directory: string): Promise<ServedDirectory> {
    const child = spawn(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        orchestrateBin,
        'dashboard',
        directory,
        '--http',
        '127.0.0.1:0',
        '--json',
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const waiting = new Set(['http.listening', 'http.pages']);
    let origin = '';
    const ready = Promise.withResolvers<void>();
    createInterface({ input: child.stdout }).on('line', (line) => {
      const event = JSON.parse(line) as { readonly event: string; readonly url?: string };
      origin = event.url ?? origin;
      waiting.delete(event.event);
      if (waiting.size === 0) ready.resolve();
    });
    child.once('close', (code) =>
      ready.reject(new Error(`orchestrate dashboard ended with ${code}. Read its output above.`)),
    );
    await ready.promise;
    return new ServedDirectory(origin, async () => {
      child.kill('SIGINT');
      await once(child, 'close');
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
  }
}

/** Opens the run page once in a profile of its own. */
export async function observePage(browser: TestBrowser, origin: string): Promise<PageTimes> {
  await using tab = await browser.tab();
  const { page } = tab;
  const started = performance.now();
  const seconds = (): number => (performance.now() - started) / 1000;
  await page.goto(origin);
  await page.locator('.uplot canvas').first().waitFor();
  await page.locator('table.members tbody tr').first().waitFor();
  const shown = seconds();
  await page.getByRole('searchbox').press('a');
  await page.waitForFunction(() => document.querySelector<HTMLInputElement>('input[type=search]')?.value === 'a');
  return { shown, interactive: seconds() };
}
