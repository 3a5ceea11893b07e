/** The volunteer's page in a real browser, with a worker that the test drives: what it says, by keyboard, and to a screen reader. */
import { AxeBuilder } from '@axe-core/playwright';
import type { FakeTab } from '@murmuration/dashboard/testing/fake-face';
import { fakeOffer } from '@murmuration/dashboard/testing/fakes';
import type { TabStatus } from '@murmuration/worker/browser';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestBrowser } from './support/browser.ts';
import { FakeJoinPages } from './support/fake-join-page.ts';

let browser: TestBrowser;
let pages: FakeJoinPages;

beforeAll(async () => {
  [browser, pages] = await Promise.all([TestBrowser.launch(), FakeJoinPages.build()]);
});

afterAll(async () => {
  await Promise.all([browser[Symbol.asyncDispose](), pages[Symbol.asyncDispose]()]);
});

const withoutGpu: FakeTab = { examination: { webgpu: { state: 'missing', adapter: null }, backend: 'exact' } };

const withoutStorage: FakeTab = {
  examination: {
    indexedDb: false,
    advice: [{ code: 'NO_STORAGE', severity: 'stop', text: 'This browser stores nothing. Leave private mode.' }],
  },
};

/** Presses the button and waits for the worker. */
async function join(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Join with this tab' }).click();
  await page.locator('[data-phase=starting]').waitFor();
}

/** Lets the page's worker say something. */
async function tell(page: Page, changed: Partial<TabStatus>): Promise<void> {
  await page.evaluate((changed) => {
    const { fakeTab } = globalThis as { fakeTab?: FakeTab };
    const phase = changed.phase ?? 'training';
    fakeTab?.tell?.({ event: 'tab.phase', phase, reason: changed.reason ?? '' }, changed);
  }, changed);
}

const training: Partial<TabStatus> = {
  phase: 'training',
  reason: 'It computes its part of round 118.',
  device: {
    backend: 'webgpu',
    adapter: 'NVIDIA GeForce RTX 4070',
    kind: 'gpu',
    reason: 'the only GPU here',
    memoryBytes: 48_000_000,
  },
  round: 118,
  stateHash: `0x${'5a'.repeat(32)}`,
  contributed: 354,
  accepted: 351,
  loss: 0.2314,
  samplesPerSecond: 4210,
  verified: 300,
  earnedWei: '3000000000000000000',
  problems: [{ code: 'COORDINATOR_LOST', message: 'The connection was lost. The tab dials again by itself.' }],
};

async function seriousFindings(page: Page): Promise<readonly string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

describe('the page before joining', () => {
  it('says what runs, what it uses and what it earns, and joins by one button', async () => {
    await using tab = await pages.open(browser, fakeOffer);
    const { page } = tab;
    await page.getByRole('heading', { name: 'What it earns' }).waitFor();
    await expect.poll(() => page.getByRole('main').textContent()).toMatch(/no program from anyone.*0\.01 ETH/s);
    await expect.poll(() => page.locator('button.primary').count()).toBe(1);
    await join(page);
  });

  it('works by keyboard alone', async () => {
    await using tab = await pages.open(browser, fakeOffer);
    const { page } = tab;
    const join = page.getByRole('button', { name: 'Join with this tab' });
    await join.waitFor();
    for (let presses = 0; presses < 20; presses++) {
      if (await join.evaluate((button) => button === document.activeElement)) break;
      await page.keyboard.press('Tab');
    }
    await page.keyboard.press('Enter');
    await page.locator('[data-phase]').waitFor();
    await page.getByRole('slider').focus();
    await page.keyboard.press('ArrowLeft');
    await expect.poll(() => page.getByRole('status').filter({ hasText: '70 %' }).count()).toBe(1);
  });

  it('offers the CPU and explains WebGPU where there is none', async () => {
    await using tab = await pages.open(browser, fakeOffer, { fake: withoutGpu });
    await tab.page.getByRole('button', { name: 'Join with this tab’s CPU' }).waitFor();
    await tab.page.getByText('how to switch on WebGPU').click();
    expect(await tab.page.getByText(/\(yours\)/).textContent()).toMatch(/Chrome/);
  });

  it('takes the token out of the address bar', async () => {
    await using tab = await pages.open(browser, { ...fakeOffer, tokenRequired: true }, { fragment: '#token=abc' });
    await tab.page.getByRole('button', { name: 'Join with this tab' }).waitFor();
    expect(tab.page.url()).not.toMatch(/abc|#/);
    expect(tab.requests.some((url) => url.includes('abc'))).toBe(false);
  });

  it('asks for the token, and for an address that holds', async () => {
    await using tab = await pages.open(browser, { ...fakeOffer, tokenRequired: true });
    const { page } = tab;
    await page.getByLabel('Token or link').fill('abc');
    await page.keyboard.press('Enter');
    const join = page.getByRole('button', { name: 'Join with this tab' });
    await page.getByLabel(/^Pay goes to/).fill('0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAEd');
    await page.getByText(/one of them is wrong/).waitFor();
    await expect.poll(() => join.isDisabled()).toBe(true);
    await page.getByLabel(/^Pay goes to/).fill('0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed');
    await expect.poll(() => join.isEnabled()).toBe(true);
  });

  it('takes the address of a wallet that an extension brings', async () => {
    await using tab = await pages.open(browser, fakeOffer);
    const { page } = tab;
    await page.getByRole('button', { name: 'Join with this tab' }).waitFor();
    await page.evaluate(() => {
      const provider = { request: async () => await Promise.resolve(['0xde709f2102306220921060314715629080e2fb77']) };
      const detail = { info: { uuid: '1', name: 'Test Wallet', icon: 'data:image/svg+xml,<svg/>' }, provider };
      dispatchEvent(new CustomEvent('eip6963:announceProvider', { detail }));
    });
    await page.getByRole('button', { name: 'Use Test Wallet' }).click();
    await page.getByText('Pay goes to your account in Test Wallet.').waitFor();
    await expect
      .poll(() => page.getByLabel(/^Pay goes to/).inputValue())
      .toBe('0xde709f2102306220921060314715629080e2fb77');
  });
});

describe('the page at work', () => {
  it('shows what came of the work, its problems and the way to its own page', async () => {
    await using tab = await pages.open(browser, fakeOffer);
    const { page } = tab;
    await join(page);
    await tell(page, training);
    await page.locator('[data-phase=training]').waitFor();
    await expect.poll(() => page.locator('[data-figure=accepted] dd').textContent()).toBe('351');
    await expect.poll(() => page.locator('[data-figure=earned] dd').textContent()).toBe('3 ETH');
    await page.getByText('dials again by itself').waitFor();
    expect(await page.getByRole('link', { name: 'Your page in this run' }).getAttribute('href')).toMatch(
      /^\/members\/16Uiu/,
    );
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByRole('button', { name: 'Resume' }).waitFor();
  });

  it('offers to go on with the same key after a reload', async () => {
    await using tab = await pages.open(browser, fakeOffer);
    await join(tab.page);
    await tab.page.reload();
    const button = tab.page.getByRole('button', { name: 'Go on with this tab' });
    await button.waitFor();
    await expect.poll(() => button.isEnabled()).toBe(true);
  });
});

describe('accessibility', () => {
  const states: readonly (readonly [string, { fake?: FakeTab; tokenRequired?: boolean; works?: boolean }])[] = [
    ['ready', {}],
    ['ready without WebGPU', { fake: withoutGpu }],
    ['stopped', { fake: withoutStorage }],
    ['asking for a token', { tokenRequired: true }],
    ['at work', { works: true }],
  ];

  for (const colorScheme of ['light', 'dark'] as const)
    it.each(states)(
      `finds nothing serious in ${colorScheme}: %s`,
      async (_name, { fake = {}, tokenRequired = false, works = false }) => {
        await using tab = await pages.open(browser, { ...fakeOffer, tokenRequired }, { fake, colorScheme });
        await tab.page.getByRole('heading', { level: 2 }).first().waitFor();
        if (works) {
          await join(tab.page);
          await tell(tab.page, training);
          await tab.page.locator('[data-phase=training]').waitFor();
        }
        expect(await seriousFindings(tab.page)).toEqual([]);
      },
    );

  it('fits a phone without scrolling sideways', async () => {
    await using tab = await pages.open(browser, fakeOffer, { viewport: { width: 320, height: 640 } });
    await tab.page.getByRole('button', { name: 'Join with this tab' }).waitFor();
    expect(await tab.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320);
  });
});
