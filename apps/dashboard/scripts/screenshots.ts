/**
 * Pictures of the pages for the documentation, each of a few tens of kB:
 *
 *   node apps/dashboard/scripts/screenshots.ts ORIGIN [FOLDER [NAME…]]
 *
 * ORIGIN is that of a coordinator (`http://127.0.0.1:8080`), or of `orchestrate dashboard RUN`, where nobody can join and
 * the join page is left out; the last picture is of a tab that has joined. FOLDER is `docs/images` unless told otherwise; names of pictures leave the others out. The browser is the one that `MURMURATION_BROWSER` names. Where `pngquant` is installed, pictures
 * get a palette and come out at a third of their size.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { apiPaths } from '@murmuration/protocol/dashboard';
import type { RunSnapshot } from '@murmuration/protocol/dashboard';
import { chromium } from 'playwright-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

interface Picture {
  readonly name: string;
  readonly path: string;
  /** What must be there before the picture is taken. */
  readonly awaits: string;
  readonly options: BrowserContextOptions;
  /** What a visitor does before the picture is taken. */
  readonly act?: (page: Page) => Promise<void>;
}

const desktop = (height: number): BrowserContextOptions => ({ viewport: { width: 1280, height } });
const phone: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  isMobile: true,
  hasTouch: true,
  deviceScaleFactor: 2,
};
const dark: BrowserContextOptions = { colorScheme: 'dark' };

/** Micro-batches that a tab has done before it looks like one at work. */
const AT_WORK = 600;

async function joinAndWork(page: Page): Promise<void> {
  await page.locator('button.primary').first().click();
  const enough = (least: number): boolean => {
    const text = document.querySelector('[data-figure=accepted] dd')?.textContent ?? '';
    return Number(text.replaceAll(/\D/g, '')) >= least;
  };
  await page.waitForFunction(enough, AT_WORK, { timeout: 600_000 });
}

const runPictures = (member: string): readonly Picture[] => {
  const run = { path: '/', awaits: '.u-over' };
  const one = { path: `/members/${member}`, awaits: 'table.work tbody tr' };
  return [
    { name: 'run-desktop', ...run, options: desktop(1480) },
    { name: 'run-dark', ...run, options: { ...desktop(1480), ...dark } },
    { name: 'run-phone', ...run, options: phone },
    { name: 'member-desktop', ...one, options: desktop(1200) },
    { name: 'member-phone', ...one, options: phone },
  ];
};

const joinPictures = (): readonly Picture[] => {
  const page = { path: '/join', awaits: 'button.primary' };
  return [
    { name: 'join-desktop', ...page, options: desktop(860) },
    { name: 'join-dark', ...page, options: { ...desktop(860), ...dark } },
    { name: 'join-phone', ...page, options: phone },
    { name: 'join-working', ...page, options: desktop(900), act: joinAndWork },
  ];
};

async function take(browser: Browser, origin: string, folder: string, picture: Picture): Promise<void> {
  await using context = await browser.newContext({ locale: 'en-GB', reducedMotion: 'reduce', ...picture.options });
  const page = await context.newPage();
  await page.goto(origin + picture.path);
  await page.locator(picture.awaits).first().waitFor();
  await page.evaluate(() => document.fonts.ready);
  await picture.act?.(page);
  // A chart is drawn in the frame after its data came.
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  const path = join(folder, `${picture.name}.png`);
  await page.screenshot({ path });
  spawnSync('pngquant', ['--force', '--skip-if-larger', '--output', path, '128', path]);
  process.stdout.write(`${path}  ${Math.round(statSync(path).size / 1000)} kB\n`);
}

const [origin, folder = join(import.meta.dirname, '../../../docs/images'), ...names] = process.argv.slice(2);
const executablePath = process.env['MURMURATION_BROWSER'];
if (origin === undefined || executablePath === undefined) {
  process.stderr.write(
    'Name the server, and a browser: MURMURATION_BROWSER=/usr/bin/chromium node screenshots.ts http://127.0.0.1:8080 [FOLDER [NAME…]]\n',
  );
  process.exitCode = 2;
} else {
  const { members, live } = (await (await fetch(new URL(apiPaths.run, origin))).json()) as RunSnapshot;
  mkdirSync(resolve(folder), { recursive: true });
  await using browser = await chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'],
  });
  const all = [...runPictures(members[0]?.peerId ?? ''), ...(live ? joinPictures() : [])];
  for (const picture of all.filter(({ name }) => names.length === 0 || names.includes(name)))
    await take(browser, new URL(origin).origin, folder, picture);
}
