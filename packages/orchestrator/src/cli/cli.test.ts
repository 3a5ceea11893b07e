import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const bin = fileURLToPath(new URL('../../bin/orchestrate.mjs', import.meta.url));
let directory = '';
beforeAll(() => (directory = mkdtempSync(join(tmpdir(), 'cli-'))));
afterAll(() => rmSync(directory, { recursive: true }));

interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program in an empty folder. */
const orchestrate = (...args: string[]): Promise<Answer> =>
  new Promise((resolve) => {
    const env = { ...process.env, NO_COLOR: '1' };
    execFile(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', bin, ...args],
      { cwd: directory, env },
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });

describe('orchestrate', () => {
  it.each(['init', 'check', 'run', 'status', 'resume', 'replay', 'sample', 'explain-pay', 'report', 'doctor'])(
    '%s --help has an example',
    async (command) => {
      const { code, stdout } = await orchestrate(command, '--help');
      expect(code).toBe(0);
      expect(stdout).toMatch(new RegExp(`Examples?:\\n  \\$ orchestrate ${command}`));
      expect(stdout).toContain('--json');
    },
  );

  it.each([
    [['chek'], "error: unknown command 'chek' (Did you mean check?). Run `orchestrate --help` to see what there is."],
    [['check'], "error: missing required argument 'job'. Run `orchestrate --help` to see what there is."],
    [
      ['check', 'absent.yaml'],
      'error: absent.yaml: there is no such file. Name a job file; `orchestrate init` writes one to start from.',
    ],
    [
      ['replay', 'absent'],
      'error: absent is not a run directory (it has no job file). Name a directory that `orchestrate run` made, such as runs/mnist-….',
    ],
    [
      ['run', 'job.yaml', '--spwan', '1'],
      "error: unknown option '--spwan' (Did you mean --spawn?). Run `orchestrate --help` to see what there is.",
    ],
  ])('%j is bad input: one line, exit code 2', async (args, expected) => {
    expect(await orchestrate(...args)).toEqual({ code: 2, stdout: '', stderr: `${expected}\n` });
  });

  it('lists every problem of a job at its place, a line each', async () => {
    writeFileSync(join(directory, 'bad.yaml'), 'name: Bad Name\nmodel: { type: mlpp }\ntraining: { rounds: 0 }\n');
    const { code, stderr } = await orchestrate('check', 'bad.yaml');
    expect(code).toBe(2);
    expect(stderr.trimEnd().split('\n')).toEqual([
      'bad.yaml:1:1: data is missing',
      'bad.yaml:1:7: name must be 1 to 64 lowercase letters, digits and dashes',
      'bad.yaml:2:16: model.type must be one of mlp, convnet, resnet, gpt, llama, onnx; did you mean mlp?',
      'bad.yaml:3:21: training.rounds must be a positive integer',
    ]);
  });

  it('says what went wrong to machines too', async () => {
    const { code, stdout } = await orchestrate('check', 'absent.yaml', '--json');
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ event: 'error', code: 'JOB_FILE', exitCode: 2 });
  });

  it('init writes a job that check takes, and does not overwrite one', async () => {
    expect((await orchestrate('init')).code).toBe(0);
    const { code, stdout } = await orchestrate('check', 'job.yaml', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      event: 'check.done',
      job: 'my-job',
      parameters: 235_146,
      microBatchesPerRound: 12,
      secondsGuess: null,
    });
    writeFileSync(join(directory, 'job.yaml'), 'mine');
    expect(await orchestrate('init')).toMatchObject({
      code: 2,
      stderr: 'error: job.yaml exists already. Name another file, or pass --force to replace it.\n',
    });
    expect(readFileSync(join(directory, 'job.yaml'), 'utf8')).toBe('mine');
  });

  it('hands join over to the worker program', async () => {
    const { code, stdout } = await orchestrate('join', '--help');
    expect(code).toBe(0);
    expect(stdout).toContain('orchestrate join https://');
    expect(stdout).toContain('murmuration-worker join');
  });
});
