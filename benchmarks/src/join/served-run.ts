/** A run that trains and takes tabs in, started as an engineer starts one. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const orchestrate = fileURLToPath(new URL('../../../packages/orchestrator/bin/orchestrate.mjs', import.meta.url));

export class ServedRun implements AsyncDisposable {
  /** Where browsers join. */
  readonly link: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, link: string) {
    this.#child = child;
    this.link = link;
  }

  /** Resolves when the pages are there and the run has committed a round without any tab. */
  static async start(file: string, directory: string): Promise<ServedRun> {
    const parameters = ['run', file, '--directory', directory, '--http', '127.0.0.1:0', '--json'];
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', orchestrate, ...parameters], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const waiting = new Set(['http.listening', 'http.pages', 'round.committed']);
    let link = '';
    const ready = Promise.withResolvers<void>();
    createInterface({ input: child.stdout }).on('line', (line) => {
      const event = JSON.parse(line) as { readonly event: string; readonly join?: string };
      link = event.join ?? link;
      waiting.delete(event.event);
      if (waiting.size === 0) ready.resolve();
    });
    child.once('close', (code) =>
      ready.reject(new Error(`orchestrate run ended with ${code}. Read its output above.`)),
    );
    await ready.promise;
    return new ServedRun(child, link);
  }

  /** Ends it in good order. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return;
    this.#child.kill('SIGINT');
    await once(this.#child, 'close');
  }
}
