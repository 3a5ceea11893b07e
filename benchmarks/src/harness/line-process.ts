/** A child process that answers each line with a line: how peers in other languages and processes are asked to work. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface LineProcessOptions {
  /** Who it is, for error messages. */
  readonly name: string;
  readonly command: string;
  readonly parameters: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Whether its error output is dropped instead of shown. */
  readonly quiet?: boolean;
}

export class LineProcess {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #exited: Promise<void>;

  constructor({ name, command, parameters, environment = {}, quiet = false }: LineProcessOptions) {
    this.#name = name;
    this.#child = spawn(command, parameters, {
      stdio: ['pipe', 'pipe', quiet ? 'ignore' : 'inherit'],
      env: { ...process.env, ...environment },
    });
    this.#exited = new Promise((resolve) => {
      this.#child.once('exit', () => resolve());
      // A program that does not start ends its output too, which `ask` reports.
      this.#child.once('error', () => resolve());
    });
    // A child that died does not take what is written to it; `ask` reports that by its missing answer.
    this.#child.stdin?.on('error', () => undefined);
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }

  /** Sends a line and waits for the next line of output. */
  ask(line: string): Promise<string> {
    this.#child.stdin?.write(`${line}\n`);
    return this.next();
  }

  /** Waits for the next line of output. */
  async next(): Promise<string> {
    const answer = await this.#lines.next();
    if (answer.done) throw new Error(`${this.#name} ended early. Read its error output above.`);
    return answer.value;
  }

  /** Ends it at once. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** Ends its input, which ends it, and waits until it is gone. */
  async close(): Promise<void> {
    this.#child.stdin?.end();
    await this.#exited;
  }
}
