/** The run page of a directory as a browser with an empty profile finds it, from the address to a page that answers keys. */
import type { TestBrowser } from '@murmuration/test/browser';
import { Orchestrate } from '../harness/orchestrate.ts';

/** Seconds since the address was opened. */
export interface PageTimes {
  /** Curves are drawn, and the first members stand in their table. */
  readonly shown: number;
  /** A key that was pressed then stands in the search field. */
  readonly interactive: number;
}

/** The pages of one directory, served by `orchestrate dashboard` until it is disposed of. */
export class ServedDirectory implements AsyncDisposable {
  readonly #process: Orchestrate;
  #origin = '';

  private constructor(directory: string) {
    this.#process = new Orchestrate(['dashboard', directory, '--http', '127.0.0.1:0'], {
      see: ({ event, url }) => {
        if (event === 'http.listening') this.#origin = url as string;
      },
    });
  }

  static async serve(directory: string): Promise<ServedDirectory> {
    const served = new ServedDirectory(directory);
    await served.#process.seen('http.listening', 'http.pages');
    return served;
  }

  get origin(): string {
    return this.#origin;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.stop();
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
