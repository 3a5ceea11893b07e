/**
 * Pictures of the pages for the documentation, each of a few tens of kB:
 *
 *   node apps/dashboard/scripts/screenshots.ts ORIGIN [FOLDER]
 *
 * ORIGIN is that of a coordinator or of `orchestrate dashboard RUN` (`http://127.0.0.1:8080`); FOLDER is `docs/images`
 * unless told otherwise. The browser is the one that `MURMURATION_BROWSER` names. Where `pngquant` is installed, pictures
 * get a palette and come out at a third of their size.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { apiPaths } from '@murmuration/protocol/dashboard';
import type { RunSnapshot } from '@murmuration/protocol/dashboard';
import { chromium } from 'playwright-core';
import type { Browser, BrowserContextOptions } from 'playwright-core';

interface Picture {
  readonly name: string;
  readonly path: string;
  /** What must be there before the picture is taken. */
  readonly awaits: string;
  readonly options: BrowserContextOptions;
}

const desktop: BrowserContextOptions = { viewport: { width: 1280, height: 960 } };
const phone: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  isMobile: true,
  hasTouch: true,
  deviceScaleFactor: 1.5,
};
const dark: BrowserContextOptions = { colorScheme: 'dark' };

const pictures = (member: string): readonly Picture[] => {
  const run = { path: '/', awaits: '.u-over' };
  const one = { path: `/members/${member}`, awaits: 'table.work tbody tr' };
  return [
    { name: 'run', ...run, options: desktop },
    { name: 'run-dark', ...run, options: { ...desktop, ...dark } },
    { name: 'run-phone', ...run, options: phone },
    { name: 'member', ...one, options: desktop },
    { name: 'member-phone', ...one, options: { ...phone, ...dark } },
  ];
};

async function take(browser: Browser, origin: string, folder: string, picture: Picture): Promise<void> {
  await using context = await browser.newContext({ locale: 'en-GB', reducedMotion: 'reduce', ...picture.options });
  const page = await context.newPage();
  await page.goto(origin + picture.path);
  await page.locator(picture.awaits).first().waitFor();
  await page.evaluate(() => document.fonts.ready);
  // A chart is drawn in the frame after its data came.
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  const path = join(folder, `${picture.name}.png`);
  await page.screenshot({ path });
  spawnSync('pngquant', ['--force', '--skip-if-larger', '--output', path, '128', path]);
  process.stdout.write(`${path}  ${Math.round(statSync(path).size / 1000)} kB\n`);
}

const [origin, folder = join(import.meta.dirname, '../../../docs/images')] = process.argv.slice(2);
const executablePath = process.env['MURMURATION_BROWSER'];
if (origin === undefined || executablePath === undefined) {
  process.stderr.write(
    'Name the server, and a browser: MURMURATION_BROWSER=/usr/bin/chromium node screenshots.ts http://127.0.0.1:8080 [FOLDER]\n',
  );
  process.exitCode = 2;
} else {
  const { members } = (await (await fetch(new URL(apiPaths.run, origin))).json()) as RunSnapshot;
  mkdirSync(resolve(folder), { recursive: true });
  await using browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  for (const picture of pictures(members[0]?.peerId ?? ''))
    await take(browser, new URL(origin).origin, folder, picture);
}
