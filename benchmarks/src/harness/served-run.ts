/** A run that trains, shows its pages and takes strangers in, started as an engineer starts one. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const orchestrateBin = fileURLToPath(
  new URL('../../../packages/orchestrator/bin/orchestrate.mjs', import.meta.url),
);

interface Line {
  readonly event: string;
  readonly join?: string;
  readonly addresses?: readonly string[];
  readonly at?: number;
}

export class ServedRun implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #commits: number[] = [];
  readonly #waiting = new Set(['run.listening', 'http.listening', 'http.pages', 'round.committed']);
  readonly #ready = Promise.withResolvers<void>();
  #link = '';
  #address = '';

  private constructor(file: string, directory: string) {
    const parameters = ['run', file, '--directory', directory, '--http', '127.0.0.1:0', '--json'];
    this.#child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', orchestrateBin, ...parameters], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    createInterface({ input: this.#child.stdout! }).on('line', (line) => this.#read(JSON.parse(line) as Line));
    this.#child.once('close', (code) =>
      this.#ready.reject(new Error(`orchestrate run ended with ${code}. Read its output above.`)),
    );
  }

  /** Resolves when the pages are there and the run has committed a round. */
  static async start(file: string, directory: string): Promise<ServedRun> {
    const run = new ServedRun(file, directory);
    await run.#ready.promise;
    return run;
  }

  #read({ event, join, addresses, at }: Line): void {
    if (event === 'http.listening') this.#link = join ?? '';
    if (event === 'run.listening') this.#address = addresses?.[0] ?? '';
    if (event === 'round.committed' && at !== undefined) this.#commits.push(at);
    this.#waiting.delete(event);
    if (this.#waiting.size === 0) this.#ready.resolve();
  }

  /** Where browsers join. */
  get link(): string {
    return this.#link;
  }

  /** Where other workers join. */
  get address(): string {
    return this.#address;
  }

  /** The coordinator's process; its workers descend from it. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** When each round was committed, milliseconds since 1970. */
  get commits(): readonly number[] {
    return this.#commits;
  }

  /** Ends it in good order. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return;
    this.#child.kill('SIGINT');
    await once(this.#child, 'close');
  }
}
