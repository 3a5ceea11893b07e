/**
 * The run page and the member page in a real browser, on a made-up run behind the security headers of a coordinator:
 * usable by keyboard, by screen reader and on a phone; self-contained; quick with a thousand members that change all the
 * time; and honest when its server goes away.
 */
import { gzipSync } from 'node:zlib';
import { AxeBuilder } from '@axe-core/playwright';
import { buildPages } from '@murmuration/dashboard/build';
import { MockRun, MockServer } from '@murmuration/dashboard/testing';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestBrowser } from './support/browser.ts';
import type { Tab, TabOptions } from './support/browser.ts';

const FIRST_LOAD_LIMIT = 150_000;
const phone: TabOptions = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

let browser: TestBrowser;
let pages: string;

beforeAll(async () => {
  [browser, pages] = await Promise.all([TestBrowser.launch(), buildPages({ ifStale: true })]);
});

afterAll(() => browser[Symbol.asyncDispose]());

const serve = (run: MockRun = new MockRun()): Promise<MockServer> => MockServer.start({ run, pages });

/** Opens a page and waits for the run's name, or the member's. */
async function open(tab: Tab, server: MockServer, path = '/'): Promise<Page> {
  await tab.page.goto(server.origin + path);
  await tab.page.getByRole('heading', { level: 1 }).waitFor();
  return tab.page;
}

const memberPath = (run: MockRun, member = 2): string => `/members/${run.row(member).peerId}`;

/** Rules of WCAG 2.2 A and AA that the page breaks, with the elements that do. */
async function findings(page: Page): Promise<readonly string[]> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    .analyze();
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`);
}

const rows = (page: Page): Promise<number> => page.locator('table.members tbody tr').count();

describe('for everybody', () => {
  it.each([
    ['light', 'desktop', {}],
    ['dark', 'desktop', {}],
    ['light', 'phone', phone],
    ['dark', 'phone', phone],
  ] as const)('has no accessibility findings in %s on a %s', async (colorScheme, _, options) => {
    await using server = await serve();
    await using tab = await browser.tab({ ...options, colorScheme });
    const page = await open(tab, server);
    await page.locator('table.members tbody tr').first().waitFor();
    await page.locator('.ways').waitFor();
    expect(await findings(page)).toEqual([]);
    await open(tab, server, memberPath(server.run));
    await page.locator('table.work tbody tr').first().waitFor();
    expect(await findings(page)).toEqual([]);
  });

  it('fits a phone without scrolling sideways', async () => {
    await using server = await serve(new MockRun({ members: 1000 }));
    await using tab = await browser.tab(phone);
    for (const path of ['/', memberPath(server.run)]) {
      const page = await open(tab, server, path);
      await page.locator('.table-frame tbody tr').first().waitFor();
      const widths = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
      expect(widths[0], path).toBe(widths[1]);
    }
  });

  it('can be used by keyboard alone', async () => {
    await using server = await serve();
    await using tab = await browser.tab();
    const page = await open(tab, server);
    await page.locator('table.members tbody tr').first().waitFor();

    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to content');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('content');

    const speed = page.getByRole('columnheader', { name: /Samples\/s/ });
    await speed.getByRole('button').focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => speed.getAttribute('aria-sort')).toBe('descending');
    await page.keyboard.press('Enter');
    await expect.poll(() => speed.getAttribute('aria-sort')).toBe('ascending');

    const newest = server.run.round - 1;
    await page.getByRole('radio', { name: new RegExp(`^Round ${newest},`) }).focus();
    await page.keyboard.press('ArrowLeft');
    await page.getByRole('heading', { name: new RegExp(`^Round ${newest - 1} `) }).waitFor();

    await page.locator('table.members tbody th a').first().focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: /^16Uiu2HAm/ }).waitFor();
    await expect.poll(() => page.evaluate(() => document.activeElement?.tagName)).toBe('H1');
    await page.goBack();
    await page.getByRole('heading', { level: 1, name: 'mnist' }).waitFor();
  });

  it('says in words and numbers what the charts draw', async () => {
    await using server = await serve();
    await using tab = await browser.tab();
    const page = await open(tab, server);
    await page.getByRole('img', { name: /^Loss: training went from 2\.\d+ to 0\.\d+ at 764; held out went/ }).waitFor();
    await page.getByText('Loss as a table').click();
    await expect.poll(() => page.getByRole('table', { name: 'Loss, training' }).getByRole('row').count()).toBe(21);
  });
});

describe('self-contained', () => {
  it('asks nothing of any other origin, breaks no policy, and is small', async () => {
    await using server = await serve();
    await using tab = await browser.tab({
      initScript: `addEventListener('securitypolicyviolation', (event) => console.error('policy: ' + event.blockedURI));`,
    });
    const sizes: Promise<number>[] = [];
    tab.page.on('response', (response) => {
      if (!new URL(response.url()).pathname.startsWith('/api/')) {
        sizes.push(response.body().then((body) => gzipSync(body).length));
      }
    });
    const page = await open(tab, server);
    await page.locator('.ways').waitFor();
    await page.locator('table.members tbody th a').first().click();
    await page.locator('table.work tbody tr').first().waitFor();
    expect(tab.foreignRequests(server.origin)).toEqual([]);
    const bytes = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
    expect(bytes).toBeGreaterThan(10_000);
    expect(bytes).toBeLessThan(FIRST_LOAD_LIMIT);
  });

  it('keeps the chosen colours and paints them at once', async () => {
    await using server = await serve();
    await using tab = await browser.tab({ colorScheme: 'light' });
    const page = await open(tab, server);
    const background = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await background();
    await page.getByRole('radio', { name: 'Dark' }).check({ force: true });
    await expect.poll(background).not.toBe(light);
    const dark = await background();
    await page.reload({ waitUntil: 'commit' });
    await page.locator('body').waitFor({ state: 'attached' });
    expect(await background()).toBe(dark);
  });
});

describe('with a thousand members that change all the time', () => {
  it('draws far fewer times than it is told, shows the last word, and loses no key', async () => {
    await using server = await serve(new MockRun({ members: 1000, targetRounds: 100_000, rounds: 50_000 }));
    await using tab = await browser.tab();
    const page = await open(tab, server);
    await page.locator('table.members tbody tr').first().waitFor();
    await expect.poll(() => server.watchers).toBe(1);

    // Every key comes between changes; each must be there before the next one is pressed.
    const search = page.getByRole('searchbox');
    await search.focus();
    const word = 'geforce rtx 4070';
    let typed = '';
    for (const key of word) {
      for (let change = 0; change < 6; change++) server.send(server.run.advance());
      await page.keyboard.press(key === ' ' ? 'Space' : key);
      typed += key;
      expect(await search.inputValue()).toBe(typed);
    }
    const last = server.run.round;
    await page.getByText(`Round ${last.toLocaleString('en')} of 100,000`).waitFor();
    await page.locator('table.members tbody tr').first().waitFor();
    await expect
      .poll(async () => [...new Set(await page.locator('.adapter').allTextContents())])
      .toEqual(['NVIDIA GeForce RTX 4070']);

    // Rows, rounds and events stay bounded, however much was told.
    expect(await rows(page)).toBeLessThanOrEqual(25);
    expect(await page.locator('.strip label').count()).toBeLessThanOrEqual(20);
    expect(await page.locator('.event').count()).toBeLessThanOrEqual(500);
  });

  it('merges what comes within a frame into one drawing', async () => {
    await using server = await serve(new MockRun({ members: 1000, targetRounds: 100_000, rounds: 50_000 }));
    await using tab = await browser.tab();
    const page = await open(tab, server);
    await expect.poll(() => server.watchers).toBe(1);
    await page.evaluate(() => {
      const line = document.querySelector('.progress-line strong')!;
      const seen: string[] = [];
      new MutationObserver(() => seen.push(line.textContent)).observe(line, {
        characterData: true,
        subtree: true,
        childList: true,
      });
      Object.assign(window, { seen });
    });
    for (let change = 0; change < 200; change++) server.send(server.run.advance());
    await page.getByText(`Round ${server.run.round.toLocaleString('en')} of 100,000`).waitFor();
    const seen = await page.evaluate(() => (window as unknown as { seen: string[] }).seen);
    expect(seen.length).toBeLessThan(200);
    expect(seen.at(-1)).toBe(server.run.round.toLocaleString('en'));
  });

  it('pages, sorts and searches on the server', async () => {
    await using server = await serve(new MockRun({ members: 1000 }));
    await using tab = await browser.tab();
    const page = await open(tab, server);
    await page.getByText('1–25 of 1,000').waitFor();
    await page.getByRole('navigation', { name: 'Pages of members' }).getByRole('button', { name: 'Next' }).click();
    await page.getByText('26–50 of 1,000').waitFor();
    await expect.poll(() => rows(page)).toBe(25);
    await page.getByRole('searchbox').fill('nobody has this');
    await page.getByText('No member’s peer id').waitFor();
  });
});

describe('when its server', () => {
  it('cuts the stream, says so, comes back by itself and misses nothing', async () => {
    await using server = await serve();
    await using tab = await browser.tab();
    tab.expectProblems(/ERR_INCOMPLETE_CHUNKED_ENCODING/);
    const page = await open(tab, server);
    await expect.poll(() => server.watchers).toBe(1);
    server.cutStreams();
    await page.locator('.standing').getByText('Disconnected').waitFor();
    server.run.advance();
    await page.locator('.standing').getByText('Live').waitFor();
    await page.getByText(`Round ${server.run.round} of 1,200`).waitFor();
  });

  it('refuses, gives its reason and a way to try again', async () => {
    await using server = await serve();
    server.refusal = {
      status: 503,
      body: { error: { code: 'BUSY', message: 'The journal is locked. Wait a moment.' } },
    };
    await using tab = await browser.tab();
    tab.expectProblems(/503/);
    await tab.page.goto(server.origin);
    await tab.page.getByText('The journal is locked. Wait a moment.').waitFor();
    server.refusal = null;
    await tab.page.getByRole('button', { name: 'Try again' }).click();
    await tab.page.getByRole('heading', { level: 1, name: 'mnist' }).waitFor();
    await expect.poll(() => tab.page.getByRole('alert').count()).toBe(0);
  });

  it('ends the run, tells the outcome and stops asking', async () => {
    await using server = await serve();
    await using tab = await browser.tab();
    tab.expectProblems(/ERR_INCOMPLETE_CHUNKED_ENCODING/);
    const page = await open(tab, server);
    await expect.poll(() => server.watchers).toBe(1);
    server.send(server.run.finish());
    await page.locator('.standing').getByText('Finished').waitFor();
    await page.locator('.notice').getByText('All 1200 rounds are committed.').waitFor();
    const asked = server.asked.filter((path) => path === '/api/events').length;
    server.cutStreams();
    await expect.poll(() => server.watchers).toBe(0);
    expect(server.asked.filter((path) => path === '/api/events').length).toBe(asked);
  });

  it('tells of a member’s change, is asked for the rest of its page', async () => {
    await using server = await serve();
    await using tab = await browser.tab();
    await tab.page.clock.install({ time: server.run.row(2).lastSeenAt });
    const page = await open(tab, server, memberPath(server.run));
    await expect.poll(() => server.watchers).toBe(1);
    // Long before the page would ask by itself.
    await page.clock.pauseAt(server.run.row(2).lastSeenAt + 60_000);
    const asked = (): number => server.asked.filter((path) => path === `/api${memberPath(server.run)}`).length;
    const before = asked();
    for (let change = 0; change < 12; change++) server.send(server.run.advance());
    await expect
      .poll(async () => {
        await page.clock.runFor(20);
        return asked();
      })
      .toBeGreaterThan(before);
  });

  it('knows no such member, says so', async () => {
    await using server = await serve();
    await using tab = await browser.tab();
    tab.expectProblems(/404/);
    await tab.page.goto(`${server.origin}/members/16Uiu2HAmNobody`);
    await tab.page.getByText('The run has nothing of that name.').waitFor();
    expect(await tab.page.getByRole('link', { name: 'mnist' }).getAttribute('href')).toBe('/');
  });
});

describe('paused', () => {
  it('stands still while the run goes on, and catches up', async () => {
    await using server = await serve();
    await using tab = await browser.tab();
    const page = await open(tab, server);
    await expect.poll(() => server.watchers).toBe(1);
    const before = server.run.round;
    await page.getByRole('button', { name: 'Pause' }).click();
    for (let change = 0; change < 5; change++) server.send(server.run.advance());
    await page.locator('.standing').getByText('Paused').waitFor();
    expect(await page.locator('.progress-line strong').textContent()).toBe(String(before));
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.getByText(`Round ${before + 5} of 1,200`).waitFor();
  });
});
