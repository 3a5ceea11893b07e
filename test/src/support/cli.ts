/** The public commands as child processes, driven and read the way a script of a user's would. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const orchestrateBin = fileURLToPath(new URL('../../../packages/orchestrator/bin/orchestrate.mjs', import.meta.url));

/** One line of `--json` output. */
export interface CliEvent {
  readonly event: string;
  readonly [field: string]: unknown;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A running `orchestrate …`. Its lines are kept; a wait for an event that never comes ends with the whole output in the error. */
export class Command {
  readonly process: ChildProcess;
  readonly stdout: string[] = [];
  readonly stderr: string[] = [];
  readonly exited: Promise<Exit>;
  readonly #listeners = new Set<() => void>();
  #exit: Exit | null = null;

  constructor(parameters: readonly string[], { cwd, env }: CommandOptions = {}) {
    this.process = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', orchestrateBin, ...parameters], {
      cwd,
      env: { ...process.env, NO_COLOR: '1', ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#collect('stdout');
    this.#collect('stderr');
    this.exited = new Promise((resolve) => {
      this.process.once('close', (code, signal) => {
        this.#exit = { code, signal };
        this.#wake();
        resolve(this.#exit);
      });
    });
  }

  #collect(stream: 'stdout' | 'stderr'): void {
    const source = this.process[stream];
    if (source === null) return;
    createInterface({ input: source }).on('line', (line) => {
      this[stream].push(line);
      this.#wake();
    });
  }

  #wake(): void {
    for (const listener of this.#listeners) listener();
  }

  /** The events printed so far (`--json`). */
  get events(): readonly CliEvent[] {
    return this.stdout.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as CliEvent);
  }

  /** Everything printed, for error messages. */
  get transcript(): string {
    return [...this.stdout.slice(-40), ...this.stderr.slice(-40)].join('\n');
  }

  /** Resolves with the first value that `pick` finds, looking again at every line. @throws when the process ends without it */
  async until<T>(what: string, pick: (command: this) => T | undefined): Promise<T> {
    return await new Promise<T>((resolve, reject) => {
      const look = (): void => {
        const found = pick(this);
        if (found === undefined && this.#exit === null) return;
        this.#listeners.delete(look);
        if (found === undefined)
          reject(new Error(`ended (${JSON.stringify(this.#exit)}) before ${what}:\n${this.transcript}`));
        else resolve(found);
      };
      this.#listeners.add(look);
      look();
    });
  }

  /** Resolves with the first event of that name that satisfies `accept`. */
  async event(name: string, accept: (event: CliEvent) => boolean = () => true): Promise<CliEvent> {
    return await this.until(`event ${name}`, () => this.events.find((event) => event.event === name && accept(event)));
  }
}

/** Starts `orchestrate` with these parameters. */
export function orchestrate(parameters: readonly string[], options?: CommandOptions): Command {
  return new Command(parameters, options);
}
