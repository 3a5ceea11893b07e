/** Volunteers whose worker is a browser tab, joined as a person does: by the link and the button. */
import type { TestBrowser, Tab, TabOptions } from './browser.ts';

/** Longer than anything that a test waits for in a page; reached only when it never comes. */
const PATIENCE_MS = 120_000;

export interface TabVolunteerOptions extends TabOptions {
  /** Where pay goes; the key's own account unless given. */
  readonly payout?: string;
}

export class TabVolunteer implements AsyncDisposable {
  readonly tab: Tab;
  readonly #link: string;
  readonly #payout: string | null;

  private constructor(tab: Tab, link: string, payout: string | null) {
    this.tab = tab;
    this.#link = link;
    this.#payout = payout;
  }

  /** Opens the link and presses the button. */
  static async join(
    browser: TestBrowser,
    link: string,
    { payout, ...options }: TabVolunteerOptions = {},
  ): Promise<TabVolunteer> {
    const tab = await browser.tab(options);
    tab.page.setDefaultTimeout(PATIENCE_MS);
    const volunteer = new TabVolunteer(tab, link, payout ?? null);
    try {
      await volunteer.open();
    } catch (error) {
      throw new Error(`the tab did not join: ${await volunteer.transcript()}`, { cause: error });
    }
    return volunteer;
  }

  /** Opens the link in the present page and presses the button: the first time, or after a reload or a crash. */
  async open(): Promise<void> {
    const { page } = this.tab;
    page.setDefaultTimeout(PATIENCE_MS);
    await page.goto(this.#link);
    const button = page.locator('button.primary').first();
    await button.waitFor();
    // All of the time: a test waits for every rest.
    await page.getByRole('slider').fill('100');
    if (this.#payout !== null) await page.getByLabel(/^Pay goes to/).fill(this.#payout);
    await button.click();
    await page.locator('[data-phase]').waitFor();
  }

  /** Waits until the page says that it trains. */
  async trains(): Promise<void> {
    await this.tab.page.locator('[data-phase=training]').waitFor();
  }

  /** Waits until this many of its micro-batches were accepted. */
  async accepted(atLeast: number): Promise<void> {
    await this.tab.page.waitForFunction(
      (least) =>
        Number(document.querySelector('[data-figure=accepted] dd')?.textContent?.replaceAll(/\D/g, '')) >= least,
      atLeast,
    );
  }

  /** Waits for the end of the run as this page shows it. */
  async over(): Promise<string> {
    const end = this.tab.page.locator('[data-end]');
    await end.waitFor();
    return (await end.getAttribute('data-end')) ?? '';
  }

  /** Its name in the run, from the link to its own page. */
  async peerId(): Promise<string> {
    const href = await this.tab.page.locator('a[href^="/members/"]').first().getAttribute('href');
    return decodeURIComponent((href ?? '').replace('/members/', ''));
  }

  /** What the page shows and what went wrong in it, for error messages. */
  async transcript(): Promise<string> {
    const shown = await this.tab.page
      .locator('main')
      .innerText({ timeout: 1000 })
      .catch(() => '(no page)');
    return [shown, ...this.tab.problems].join('\n');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.tab[Symbol.asyncDispose]();
  }
}
