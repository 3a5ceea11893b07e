/** A run that trains, shows its pages and takes strangers in, started as an engineer starts one. */
import { Orchestrate } from './orchestrate.ts';
import type { RunEvent } from './orchestrate.ts';

export class ServedRun implements AsyncDisposable {
  readonly #process: Orchestrate;
  readonly #commits: number[] = [];
  #link = '';
  #address = '';

  private constructor(file: string, directory: string) {
    const parameters = ['run', file, '--directory', directory, '--http', '127.0.0.1:0'];
    this.#process = new Orchestrate(parameters, { see: (event) => this.#read(event) });
  }

  /** Resolves when the pages are there and the run has committed a round. */
  static async start(file: string, directory: string): Promise<ServedRun> {
    const run = new ServedRun(file, directory);
    await run.#process.seen('run.listening', 'http.listening', 'http.pages', 'round.committed');
    return run;
  }

  #read(event: RunEvent): void {
    if (event.event === 'http.listening') this.#link = event['join'] as string;
    if (event.event === 'run.listening') this.#address = (event['addresses'] as readonly string[])[0] ?? '';
    if (event.event === 'round.committed') this.#commits.push(event['at'] as number);
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
    return this.#process.pid;
  }

  /** When each round was committed, milliseconds since 1970. */
  get commits(): readonly number[] {
    return this.#commits;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.stop();
  }
}
