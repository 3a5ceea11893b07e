/** Starting runs and volunteers in tests, each ended with the test however it goes. */
import { orchestrate } from './cli.ts';
import type { CliEvent, Command, Exit } from './cli.ts';
import type { JobOverrides } from './jobs.ts';
import { Workspace } from './jobs.ts';

/** A run of a test job with `--json`, its directory and its address. */
export class TestRun implements AsyncDisposable {
  readonly workspace = new Workspace();
  readonly command: Command;

  constructor(job: JobOverrides, env: Readonly<Record<string, string>> = {}, parameters: readonly string[] = []) {
    const file = this.workspace.job(job);
    this.command = orchestrate(['run', file, '--json', ...parameters], { cwd: this.workspace.directory, env });
  }

  /** The run's directory. */
  async directory(): Promise<string> {
    const { directory } = await this.command.event('run.started');
    return directory as string;
  }

  /** Where volunteers dial. */
  async address(): Promise<string> {
    const { addresses } = await this.command.event('run.listening');
    return (addresses as string[])[0] ?? '';
  }

  /** Where browsers join, once the pages are there (`--http`). */
  async joinLink(): Promise<string> {
    const { join } = await this.command.event('http.listening');
    await this.command.event('http.pages');
    return join as string;
  }

  /** Resolves when the next round is committed from now on. */
  async nextCommit(): Promise<CliEvent> {
    const last = this.command.events.findLast(({ event }) => event === 'round.committed');
    return await this.committed(last === undefined ? 0 : (last['round'] as number) + 1);
  }

  /** Ends the run in good order, as Ctrl-C does. */
  async interrupt(): Promise<Exit> {
    this.command.process.kill('SIGINT');
    return await this.command.exited;
  }

  /** Resolves when `round` is committed. */
  async committed(round: number): Promise<CliEvent> {
    return await this.command.event('round.committed', (event) => (event['round'] as number) >= round);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.command.process.kill('SIGKILL');
    await this.command.exited;
    this.workspace[Symbol.dispose]();
  }
}

/** A volunteer started by hand: `orchestrate join`, with a key of its own in the run's workspace. */
export class Volunteer implements AsyncDisposable {
  readonly command: Command;

  constructor(
    workspace: Workspace,
    name: string,
    address: string,
    env: Readonly<Record<string, string>> = {},
    backend = 'onnx',
  ) {
    const parameters = [
      'join',
      address,
      '--key',
      `${name}.key`,
      '--backend',
      backend,
      '--threads',
      '1',
      '--listen',
      '/ip4/127.0.0.1/tcp/0',
      '--json',
    ];
    this.command = orchestrate(parameters, { cwd: workspace.directory, env });
  }

  /** Its peer id, once it has told it. */
  async peerId(): Promise<string> {
    const { peerId } = await this.command.event('worker.started');
    return peerId as string;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.command.process.kill('SIGTERM');
    await this.command.exited;
  }
}
