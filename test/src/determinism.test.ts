/** What a run comes to depends on the job, not on luck; and its journal proves how it came about. */
import { copyFileSync, cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { beforeAll, describe, expect, it } from 'vitest';
import { orchestrate } from './support/cli.ts';
import { Workspace } from './support/jobs.ts';
import type { RunResult } from './support/runs.ts';
import { finished } from './support/runs.ts';
import { readParameters, relativeDistance } from './support/safetensors.ts';
import { TestRun, Volunteer } from './support/start.ts';

interface Outcome {
  readonly result: RunResult;
  readonly parameters: Float32Array;
}

const keys = new Workspace();

/** A run of 50 rounds by volunteers whose keys are the same in every run. `keep` is handed the run's directory before it goes. */
async function runWith(
  names: readonly string[],
  keep: (directory: string) => void = () => undefined,
): Promise<Outcome> {
  await using run = new TestRun({
    training: { rounds: 50, assignment: 'fixed' },
    workers: { spawn: 0, minimum: names.length },
  });
  const address = await run.address();
  for (const name of names)
    if (readdirSync(keys.directory).includes(`${name}.key`))
      copyFileSync(join(keys.directory, `${name}.key`), join(run.workspace.directory, `${name}.key`));
  const volunteers = names.map((name) => new Volunteer(run.workspace, name, address));
  const result = await finished(run.command);
  await Promise.all(volunteers.map(({ command }) => command.exited));
  for (const name of names)
    copyFileSync(join(run.workspace.directory, `${name}.key`), join(keys.directory, `${name}.key`));
  const directory = await run.directory();
  keep(directory);
  return { result, parameters: readParameters(join(directory, 'checkpoints/step-50/model.safetensors')) };
}

describe('the same job', () => {
  let first: Outcome;
  let kept: string;
  beforeAll(async () => {
    first = await runWith(['a', 'b', 'c'], (directory) => {
      kept = join(keys.directory, 'run');
      cpSync(directory, kept, { recursive: true });
    });
    return () => keys[Symbol.dispose]();
  });

  it('with the same members gives the same bits', async () => {
    const second = await runWith(['a', 'b', 'c']);
    expect(second.result.stateHash).toBe(first.result.stateHash);
  });

  it('with one worker instead of three differs by rounding only', async () => {
    const alone = await runWith(['a']);
    expect(alone.result.samples).toBe(first.result.samples);
    expect(relativeDistance(alone.parameters, first.parameters)).toBeLessThan(1e-5);
  });

  it('has a journal that replays to the same decisions', async () => {
    const replay = orchestrate(['replay', kept, '--json']);
    expect((await replay.exited).code, replay.transcript).toBe(0);
    expect(replay.events.at(-1)).toMatchObject({ event: 'replay.done', committed: 50 });
  });

  it('has a journal in which an altered event is found and named', async () => {
    const altered = join(keys.directory, 'altered');
    cpSync(kept, altered, { recursive: true });
    const database = new DatabaseSync(join(altered, 'journal.sqlite'));
    const row = database
      .prepare(`SELECT sequence, event FROM entries WHERE event LIKE '%"lossSum"%' ORDER BY sequence LIMIT 1 OFFSET 20`)
      .get() as { sequence: number; event: string };
    database
      .prepare('UPDATE entries SET event = ? WHERE sequence = ?')
      .run(row.event.replace(/"lossSum":[\d.]+/, '"lossSum":0.5'), row.sequence);
    database.close();
    const replay = orchestrate(['replay', altered]);
    expect((await replay.exited).code).toBe(2);
    expect(replay.stderr.join('\n')).toMatch(new RegExp(`\\b${row.sequence}\\b`));
  });
});
