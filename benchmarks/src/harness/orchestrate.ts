/** `orchestrate` as a user's script starts it: its `--json` lines are read, its complaints are shown. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const bin = fileURLToPath(new URL('../../../packages/orchestrator/bin/orchestrate.mjs', import.meta.url));

/** One line of `--json` output. */
export interface RunEvent {
  readonly event: string;
  readonly [field: string]: unknown;
}

export interface OrchestrateOptions {
  /** Gets each event as it is printed. */
  readonly see?: (event: RunEvent) => void;
  readonly environment?: Readonly<Record<string, string>>;
}

export class Orchestrate {
  readonly #child: ChildProcess;
  /** The exit code, once all of the output was read. */
  readonly ended: Promise<number | null>;
  readonly #seen = new Map<string, PromiseWithResolvers<void>>();

  constructor(parameters: readonly string[], { see = () => {}, environment = {} }: OrchestrateOptions = {}) {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', bin, ...parameters, '--json'], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...environment },
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      const event = JSON.parse(line) as RunEvent;
      see(event);
      this.#first(event.event).resolve();
    });
    this.#child = child;
    this.ended = once(child, 'close').then(([code]) => code as number | null);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  #first(name: string): PromiseWithResolvers<void> {
    const known = this.#seen.get(name) ?? Promise.withResolvers<void>();
    this.#seen.set(name, known);
    return known;
  }

  /** Resolves when an event of each of these names was seen. @throws Error when it ends before */
  async seen(...names: readonly string[]): Promise<void> {
    const all = Promise.all(names.map((name) => this.#first(name).promise));
    const early = this.ended.then((code) => {
      throw new Error(`orchestrate ended with ${code} before ${names.join(', ')}. Read its output above.`);
    });
    // It ends after them as well, when nobody waits here any more.
    early.catch(() => undefined);
    await Promise.race([all, early]);
  }

  /** Ends it in good order. */
  async stop(signal: 'SIGINT' | 'SIGTERM' = 'SIGINT'): Promise<void> {
    this.#child.kill(signal);
    await this.ended;
  }
}
