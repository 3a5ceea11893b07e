/** A volunteer's first half minute, watched from outside: a browser that was never here opens the link and presses the button. */
import { TestBrowser } from '@murmuration/test/browser';

/** What the tab computes with, as the page lets a person choose. */
export type TabBackend = 'auto' | 'webgpu';

/** Seconds since the link was opened. */
export interface JoinTimes {
  /** The button can be pressed. It is, at once. */
  readonly page: number;
  /** The coordinator has admitted the tab, which gets data and compiles. */
  readonly admitted: number;
  /** It has data, state and kernels, and takes part. */
  readonly training: number;
  /** A micro-batch of its own is part of a committed round. */
  readonly accepted: number;
}

export interface JoinObservation {
  readonly times: JoinTimes;
  /** Backend and adapter, in the page's words. */
  readonly device: string;
}

/** Longer than anybody would wait. */
const PATIENCE_MS = 300_000;

/** Joins once with a new browser and a new profile: every cache is empty. @throws when it does not come to that */
export async function observeJoin(link: string, backend: TabBackend): Promise<JoinObservation> {
  await using browser = await TestBrowser.launch();
  const choices = JSON.stringify({ backend, share: 1 });
  await using tab = await browser.tab({
    initScript: `localStorage.setItem('murmuration.join', ${JSON.stringify(choices)})`,
  });
  const { page } = tab;
  page.setDefaultTimeout(PATIENCE_MS);
  const started = performance.now();
  const seconds = (): number => (performance.now() - started) / 1000;
  await page.goto(link);
  const button = page.locator('button.primary').first();
  await button.waitFor();
  const shown = seconds();
  await button.click();
  await page.locator('[data-phase=preparing], [data-phase=synchronising], [data-phase=training]').waitFor();
  const admitted = seconds();
  await page.locator('[data-phase=training]').waitFor();
  const training = seconds();
  await page.waitForFunction(() => {
    const accepted = document.querySelector('[data-figure=accepted] dd')?.textContent ?? '0';
    return accepted !== '0';
  });
  const accepted = seconds();
  const device = await page.locator('.join-device strong').allInnerTexts();
  await page.getByRole('button', { name: 'Leave the run' }).click();
  await page.locator('[data-end]').waitFor();
  return { times: { page: shown, admitted, training, accepted }, device: device.join(' on ') };
}
