/** However a run ends, nothing of it is left behind, and what was done is not lost. */
import { existsSync, readdirSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { orchestrate } from './support/cli.ts';
import { devnetPayment } from './support/jobs.ts';
import { expectExactlyOnce } from './support/microbatches.ts';
import { MARKER, processesMarked } from './support/processes.ts';
import { finished } from './support/runs.ts';
import { TestRun } from './support/start.ts';

/** Longer than the graces after which the product uses force; only a leak waits for so long. */
const ORPHAN_LIMIT_MS = 20_000;

/** Waits until no process carries the marker; there is no event for it, so it looks again. */
async function expectNoneLeft(marker: string): Promise<void> {
  const deadline = performance.now() + ORPHAN_LIMIT_MS;
  while (processesMarked(marker).length > 0 && performance.now() < deadline) await delay(50);
  expect(processesMarked(marker)).toEqual([]);
}

const longRun = { training: { rounds: 100_000 }, payment: devnetPayment };
const longPaidRun = { ...longRun, payment: { ...devnetPayment, budget: 1_000_000 } };

describe('no process is left', () => {
  it('after success', async () => {
    const marker = crypto.randomUUID();
    await using run = new TestRun({ payment: devnetPayment }, { [MARKER]: marker });
    await finished(run.command);
    expect(processesMarked(marker)).toEqual([]);
  });

  it('after the coordinator was killed', async () => {
    const marker = crypto.randomUUID();
    await using run = new TestRun(longPaidRun, { [MARKER]: marker });
    await run.committed(3);
    expect(processesMarked(marker).length).toBeGreaterThanOrEqual(5);
    run.command.process.kill('SIGKILL');
    await run.command.exited;
    await expectNoneLeft(marker);
  });

  it('after all workers failed, and the exit code says so', async () => {
    const marker = crypto.randomUUID();
    await using run = new TestRun(
      { training: { rounds: 50 }, payment: devnetPayment },
      { [MARKER]: marker, MURMURATION_CRASH_AT: 'computing:5' },
    );
    expect((await run.command.exited).code, run.command.transcript).toBe(1);
    await expectNoneLeft(marker);
  });
});

describe('an interrupted run', () => {
  it('finishes its round, keeps a checkpoint, says how to go on, and resumes', async () => {
    const marker = crypto.randomUUID();
    const rounds = 40;
    await using run = new TestRun({ training: { rounds }, payment: devnetPayment }, { [MARKER]: marker });
    await run.committed(8);
    run.command.process.kill('SIGINT');
    const { code } = await run.command.exited;
    expect(code, run.command.transcript).toBe(130);
    expect(processesMarked(marker)).toEqual([]);
    const directory = await run.directory();
    expect(readdirSync(join(directory, 'checkpoints'))).toHaveLength(1);

    const resumed = orchestrate(['resume', directory, '--json'], { env: { [MARKER]: marker } });
    const result = await finished(resumed);
    expect(result.rounds).toBe(rounds);
    expectExactlyOnce(directory, rounds);
    const { depositedWei, paidWei, refundedWei } = result.escrow;
    expect(BigInt(paidWei) + BigInt(refundedWei)).toBe(BigInt(depositedWei));
    expect(BigInt(paidWei)).toBe(BigInt(rounds) * 6n * 10n ** 16n);
    expect(processesMarked(marker)).toEqual([]);
  });

  it('refuses a truncated checkpoint by name', async () => {
    await using run = new TestRun({ training: { rounds: 100_000 } });
    await run.committed(3);
    run.command.process.kill('SIGINT');
    await run.command.exited;
    const directory = await run.directory();
    const [step = ''] = readdirSync(join(directory, 'checkpoints'));
    truncateSync(join(directory, 'checkpoints', step, 'model.safetensors'), 1000);
    const resumed = orchestrate(['resume', directory]);
    expect((await resumed.exited).code).toBe(2);
    expect(resumed.stderr).toHaveLength(1);
    expect(resumed.stderr[0]).toMatch(/model\.safetensors/);
  });
});

describe('a run directory', () => {
  it('holds everything that the documentation promises', async () => {
    await using run = new TestRun({ training: { rounds: 6, checkpointEvery: 3, evaluateEvery: 3 } });
    await finished(run.command);
    const directory = await run.directory();
    for (const name of [
      'journal.sqlite',
      'metrics.jsonl',
      'report.html',
      'model.onnx',
      'result.json',
      'tensorboard',
      'checkpoints/step-6/manifest.json',
      'checkpoints/step-6/model.safetensors',
    ]) {
      expect(existsSync(join(directory, name)), name).toBe(true);
    }
    const status = orchestrate(['status', directory, '--json']);
    expect((await status.exited).code).toBe(0);
    expect(status.events.at(-1)).toMatchObject({ event: 'run.status', outcome: 'finished' });
  });
});
