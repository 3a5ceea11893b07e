import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parameterLayout } from '@murmuration/kernels/graph';
import { encodeSafetensors } from '@murmuration/kernels/safetensors';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jobTemplate } from '../cli/job-template.ts';
import { describePlan } from './describe.ts';
import { loadJob, withOverrides } from './load-job.ts';
import { lastMeasured } from './measured.ts';
import { planRun, reductionBytes } from './plan.ts';

let directory = '';
const idx = (shape: number[], values: number[]): Buffer => {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.set([0, 0, 8, shape.length]);
  shape.forEach((side, axis) => header.writeUInt32BE(side, 4 + 4 * axis));
  return Buffer.concat([header, Buffer.from(values)]);
};
const job = (rest = ''): string => `name: small
model: { type: mlp, hidden: [3] }
data:
  train: { type: idx, images: images, labels: labels }
  eval: { type: idx, images: images, labels: labels }
training: { rounds: 10, microBatch: 2, globalBatch: 8 }
${rest}`;
const write = (name: string, text: string): string => {
  const file = join(directory, name);
  writeFileSync(file, text);
  return file;
};

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'plan-'));
  writeFileSync(join(directory, 'images'), idx([4, 2, 2], [0, 0, 0, 0, 255, 0, 0, 0, 0, 255, 0, 0, 0, 0, 255, 0]));
  writeFileSync(join(directory, 'labels'), idx([4], [0, 1, 0, 1]));
});
afterAll(() => rmSync(directory, { recursive: true }));

describe('planRun', () => {
  it('adds up shapes, work, traffic and cost', async () => {
    const loaded = await loadJob(
      write('paid.yaml', job('payment: { type: devnet, budget: 1000, pricePerMicroBatch: 0.5, epochRounds: 5 }')),
    );
    const plan = planRun(loaded.spec, loaded.job);
    // 4·3 + 3 + 3·2 + 2 parameters; AdamW keeps two more vectors and two scalars.
    expect(plan).toMatchObject({
      parameters: 23,
      buckets: 1,
      stateBytes: 4 * (3 * 23 + 2),
      microBatchesPerRound: 4,
      samples: 80,
      passes: 20,
      workers: 3,
      costWei: 20n * 10n ** 18n,
    });
    expect(plan.flopsPerRound).toBeGreaterThan(8 * 6 * (12 + 6) * 0.5);
    expect(describePlan(loaded, plan, null).join('\n')).toContain(
      'at most 20 tokens (2 a round, settled every 5 rounds); the budget is 1000',
    );
  });

  it('says what the numerics promise of the outcome', async () => {
    const { spec, ...loaded } = await loadJob(write('job.yaml', job()));
    const described = (training: Partial<typeof spec.training>) => {
      const other = { ...loaded, spec: { ...spec, training: { ...spec.training, ...training } } };
      return describePlan(other, planRun(other.spec, other.job), null).join('\n');
    };
    expect(described({})).toMatch(/numerics +fast; the final state depends on who takes part; .* by later rounds/);
    expect(described({ numerics: 'exact', onLoss: 'recompute' })).toMatch(/exact; the same final state to the bit/);
    expect(described({ numerics: 'exact', onLoss: 'requeue' })).toMatch(/exact; the final state depends on/);
  });

  it('counts what a butterfly reduction sends', () => {
    expect(reductionBytes(1000, 1, 'fast')).toBe(0);
    expect(reductionBytes(1000, 2, 'fast')).toBe(4000);
    expect(reductionBytes(1000, 4, 'fast')).toBe(6000);
    expect(reductionBytes(1000, 4, 'exact')).toBe(9000);
  });
});

describe('a job that starts from weights', () => {
  const spec = { type: 'mlp', inputs: 4, hidden: [3], outputs: 2, activation: 'relu' } as const;
  const slots = parameterLayout(spec).slots;
  const tensors = slots.map(({ name, shape, size }, i) => ({
    name,
    shape,
    data: new Uint8Array(new Float32Array(size).fill(i + 0.5).buffer),
  }));
  const save = (name: string, list = tensors): void =>
    writeFileSync(join(directory, name), Buffer.concat(encodeSafetensors({ tensors: list, metadata: {} })));
  const naming = (name: string, more = ''): string =>
    job().replace('hidden: [3]', `hidden: [3], weights: ${name}${more}`);

  it('has them as its first parameters, from the job’s directory', async () => {
    save('first.safetensors');
    const { start, job: resolved } = await loadJob(write('job.yaml', naming('first.safetensors')));
    expect(start).toEqual(Float32Array.from(slots.flatMap(({ size }, i) => Array<number>(size).fill(i + 0.5))));
    // Workers get them with the state and need not know of the file.
    expect(resolved.model).not.toHaveProperty('weights');
    expect((await loadJob(write('job.yaml', job()))).start).toBeNull();
    const begun = await loadJob(write('job.yaml', naming('gone.safetensors')), { start: false });
    expect(begun.start).toBeNull();
  });

  it('may train adapters of them alone', async () => {
    save('first.safetensors');
    const lora = ', lora: { rank: 2, targets: ["layers.0"] }';
    const loaded = await loadJob(write('job.yaml', naming('first.safetensors', lora)));
    const plan = planRun(loaded.spec, loaded.job);
    expect(plan).toMatchObject({ parameters: 23 + 2 * (4 + 3), buckets: 1, stateBytes: 4 * (37 + 2 * 14 + 2) });
    expect(plan.bytesPerRoundAndWorker).toBe(reductionBytes(14, 3, 'fast'));
    expect(loaded.start?.subarray(14)).toEqual((await loadJob(write('job.yaml', naming('first.safetensors')))).start);
    expect(describePlan(loaded, plan, null).join('\n')).toContain('14 of 37 trained');
  });

  it('is refused at their place when they are missing, broken or another model’s', async () => {
    save('other.safetensors', tensors.slice(1));
    writeFileSync(join(directory, 'broken.safetensors'), 'x'.repeat(40));
    const cases: [string, RegExp][] = [
      ['nowhere.safetensors', /job.yaml:2:43: .*nowhere.safetensors cannot be read/],
      ['broken.safetensors', /job.yaml:2:43: broken.safetensors, the header: it claims/],
      [
        'other.safetensors',
        /job.yaml:2:43: other.safetensors does not hold the weights of this mlp: missing: layers.0/,
      ],
    ];
    for (const [name, problem] of cases)
      await expect(loadJob(write('job.yaml', naming(name)))).rejects.toThrow(problem);
    const lora = ', lora: { targets: [conv] }';
    await expect(loadJob(write('job.yaml', job().replace('hidden: [3]', `hidden: [3]${lora}`)))).rejects.toThrow(
      /job.yaml:2:8: .*lora.targets\[0\]: no matrix is called "conv"/,
    );
  });
});

describe('loadJob', () => {
  it.each([
    [
      'images: images, labels: labels }\n  eval',
      'images: missing, labels: labels }\n  eval',
      /job\.yaml:4:31: The data file missing does not exist/,
    ],
    [
      'labels: labels }\n  eval',
      `labels: labels, sha256: { images: ${'ab'.repeat(32)}, labels: ${'ab'.repeat(32)} } }\n  eval`,
      /job\.yaml:4:31: The data file images has sha256/,
    ],
    ['labels: labels }\ntraining', 'labels: job.yaml }\ntraining', /job\.yaml:5:46: The data file job\.yaml/],
    ['hidden: [3] }', 'hidden: [3], inputs: 5 }', /job\.yaml:2:42: model\.inputs is 5, but the data has 4/],
    ['hidden: [3] }', 'hidden: [3], outputs: 1 }', /job\.yaml:2:43: model\.outputs is 1, but the data has 2 classes/],
    ['images: images', 'images: ../missing', /job\.yaml:4:31: The data file \.\.\/missing does not exist/],
  ])('places %s → %s', async (from, to, expected) => {
    await expect(loadJob(write('job.yaml', job().replace(from, to)))).rejects.toThrow(expected);
  });

  it('reads data files anywhere on this machine: the job is its reader’s own', async () => {
    mkdirSync(join(directory, 'jobs'), { recursive: true });
    const text = job()
      .replaceAll('images: images', 'images: ../images')
      .replaceAll('labels: labels', `labels: ${join(directory, 'labels')}`);
    expect((await loadJob(write(join('jobs', 'job.yaml'), text))).job.data.trainSamples).toBe(4);
  });

  it('says so when there is no such file', async () => {
    await expect(loadJob(join(directory, 'nowhere.yaml'))).rejects.toThrow('there is no such file');
  });

  it('lets the command line say how many workers are spawned, within the job’s limits', async () => {
    const loaded = await loadJob(write('job.yaml', job()));
    expect(withOverrides(loaded, { spawn: 0 }).spec.workers.spawn).toBe(0);
    expect(() => withOverrides(loaded, { spawn: 300 })).toThrow(
      '--spawn must be an integer from 0 to workers.maximum (256)',
    );
    expect(() => withOverrides(loaded, { spawn: Number.NaN })).toThrow('--spawn must be');
  });

  it('takes what `init` writes', async () => {
    const { spec } = await loadJob(write('template.yaml', jobTemplate));
    expect(spec.training.rounds).toBe(500);
    const paid = jobTemplate.replace('payment: none\n# payment:', 'payment:').replaceAll(/^#(  .*)$/gm, ' $1');
    expect((await loadJob(write('template.yaml', paid))).spec.payment).toMatchObject({
      type: 'devnet',
      epochRounds: 100,
    });
  });
});

describe('lastMeasured', () => {
  it('takes the speed of the last finished run of the same job', () => {
    const run = (name: string, result: object): void => {
      mkdirSync(join(directory, 'runs', name), { recursive: true });
      writeFileSync(join(directory, 'runs', name, 'result.json'), JSON.stringify(result));
    };
    expect(lastMeasured(join(directory, 'runs'), 'small')).toBeNull();
    run('small-20260101-00000000', { runId: 'small-20260101-00000000', rounds: 10, seconds: 5 });
    run('smaller-20260101-00000000', { runId: 'smaller-20260101-00000000', rounds: 10, seconds: 50 });
    run('small-20260102-00000000', { runId: 'x', rounds: 0, seconds: 0 });
    expect(lastMeasured(join(directory, 'runs'), 'small')).toEqual({
      runId: 'small-20260101-00000000',
      secondsPerRound: 0.5,
    });
  });
});
