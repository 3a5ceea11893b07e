import { describe, expect, it } from 'vitest';
import { issueText, JobSpecError, MAX_JOB_CHARACTERS, parseJob } from './parse.ts';

const job = (training = 'rounds: 10', rest = ''): string => `name: digits
model: { type: mlp, hidden: [32] }
data:
  train: { type: idx, images: a, labels: b }
  eval: { type: idx, images: c, labels: d }
training:
  ${training}
${rest}`;

/** The problems of a job that must not parse, as a person sees them. */
function problems(source: string): string[] {
  try {
    parseJob(source, 'job.yaml');
  } catch (error) {
    if (error instanceof JobSpecError) return error.issues.map(issueText);
    throw error;
  }
  throw new Error('the job parsed');
}

describe('parseJob', () => {
  it('fills in defaults and turns durations and amounts into numbers of their units', () => {
    const { spec } = parseJob(
      job('rounds: 10', 'payment: { type: devnet, budget: 1000, pricePerMicroBatch: "0.25", challengeWindow: 2m }'),
      'job.yaml',
    );
    expect(spec.training).toMatchObject({
      rounds: 10,
      microBatch: 32,
      globalBatch: 256,
      assignment: 'adaptive',
      bucketSize: 65_536,
    });
    expect(spec.network.failureTimeout).toBe(10_000);
    expect(spec.payment).toMatchObject({
      budget: '1000000000000000000000',
      pricePerMicroBatch: '250000000000000000',
      challengeWindow: 120_000,
    });
  });

  it("takes as many epochs on a devnet as its clock can be moved on for within the escrow's ten years", () => {
    const onDevnet = (rounds: number) =>
      job(
        `rounds: ${rounds}`,
        'payment: { type: devnet, budget: 99999, pricePerMicroBatch: 0.1, epochRounds: 2, challengeWindow: 720h }',
      );
    expect(parseJob(onDevnet(236), 'job.yaml').spec.training.rounds).toBe(236);
    expect(problems(onDevnet(237))).toEqual([
      "job.yaml:8:99: payment.challengeWindow must be so short that its 120 epochs take 3590 days of the devnet's clock at the most",
    ]);
  });

  it('has lost work recomputed where numerics are exact, and queued where they are fast, unless it says otherwise', () => {
    const onLoss = (training: string) => parseJob(job(`{ rounds: 1, ${training} }`), 'job.yaml').spec.training.onLoss;
    expect(onLoss('numerics: exact')).toBe('recompute');
    expect(onLoss('numerics: fast')).toBe('requeue');
    expect(onLoss('numerics: exact, onLoss: requeue')).toBe('requeue');
    expect(onLoss('onLoss: recompute')).toBe('recompute');
  });

  it.each([
    ['rounds: ten', 'job.yaml:7:11: training.rounds must be a positive integer'],
    ['rounds: 1.5', 'job.yaml:7:11: training.rounds must be a positive integer'],
    ['rounds: .nan', 'job.yaml:7:11: training.rounds must be a positive integer'],
    ['microBatch: 8', 'job.yaml:6:1: training.rounds is missing; it must be a positive integer'],
    [
      '{ rounds: 1, micro_batch: 8 }',
      'job.yaml:7:16: training.micro_batch is not a known key; did you mean microBatch?',
    ],
    [
      '{ rounds: 1, optimizer: { type: adamx } }',
      'job.yaml:7:35: training.optimizer.type must be one of adamw, sgd; did you mean adamw?',
    ],
    [
      '{ rounds: 1, optimizer: { type: sgd, beta1: 0.9 } }',
      'job.yaml:7:40: training.optimizer.beta1 is not a known key; known here: type, learningRate, momentum, nesterov, weightDecay',
    ],
    [
      '{ rounds: 1, globalBatch: 100 }',
      'job.yaml:7:29: training.globalBatch must be a multiple of training.microBatch',
    ],
    [
      '{ rounds: 1, microBatch: 1, globalBatch: 65537 }',
      'job.yaml:7:44: training.globalBatch must be at most 65536 micro-batches',
    ],
    [
      '{ rounds: 1, bucketSize: 1000 }',
      'job.yaml:7:28: training.bucketSize must be a multiple of 1024 from 1024 to 4194304',
    ],
  ])('places %s', (training, expected) => expect(problems(job(training))).toEqual([expected]));

  it.each([
    ['payment: free', 'job.yaml:8:10: payment must be none, or a section with keys'],
    [
      'payment: { type: devnet, budget: 1, pricePerMicroBatch: 1 }',
      'job.yaml:8:34: payment.budget must be at least 80, the price of one epoch',
    ],
    [
      'payment: { type: devnet, budget: 1, pricePerMicroBatch: 0.1, epochrounds: 1 }',
      'job.yaml:8:62: payment.epochrounds is not a known key; did you mean epochRounds?',
    ],
    [
      'network: { listen: [/ip4/1.2.3.256/tcp/1] }',
      'job.yaml:8:21: network.listen[0] must be a multiaddr such as /ip4/0.0.0.0/tcp/4001 or /ip4/0.0.0.0/tcp/4002/ws',
    ],
    [
      'network: { failureTimeout: 10 }',
      'job.yaml:8:28: network.failureTimeout must be a duration such as 500ms, 10s, 5m or 1h',
    ],
    [
      'workers: { minimum: 9, maximum: 4 }',
      'job.yaml:8:33: workers.maximum must be at least workers.minimum and workers.spawn',
    ],
    ['workers: 3', 'job.yaml:8:10: workers must be a section with keys'],
    ['worker: {}', 'job.yaml:8:1: worker is not a known key; did you mean workers?'],
  ])('places %s', (rest, expected) => expect(problems(job('rounds: 10', rest))).toEqual([expected]));

  it('lists every problem in the order of the file', () => {
    expect(
      problems(job('rounds: 0', 'workers: { spawn: -1 }\naudit: { rate: 2 }')).map((line) => line.split(': ')[0]),
    ).toEqual(['job.yaml:7:11', 'job.yaml:8:19', 'job.yaml:9:16']);
  });

  it('asks a language model for text, and network files for hashes', () => {
    expect(problems(job().replace('{ type: mlp, hidden: [32] }', '{ type: gpt }'))).toEqual([
      'job.yaml:4:18: data.train.type must be text, since model.type is gpt',
      'job.yaml:5:17: data.eval.type must be text, since model.type is gpt',
    ]);
    expect(problems(job().replace('{ type: mlp, hidden: [32] }', '{ type: llama, width: 30, kvHeads: 3 }'))).toEqual([
      'job.yaml:2:30: model.width must be a multiple of twice model.heads, so that the size of a head is even',
      'job.yaml:2:43: model.kvHeads must divide model.heads',
      'job.yaml:4:18: data.train.type must be text, since model.type is llama',
      'job.yaml:5:17: data.eval.type must be text, since model.type is llama',
    ]);
    expect(problems(job().replace('images: a', 'images: https://example.org/a'))).toEqual([
      'job.yaml:4:10: data.train must have sha256, since a file comes from the network',
    ]);
    expect(problems(job().replace('images: a', 'images: ftp://example.org/a'))[0]).toContain(
      'data.train.images must be a path, or npm:',
    );
  });

  it('refuses exact numerics on a backend that has none', () => {
    expect(problems(job('{ rounds: 1, numerics: exact }', 'workers: { backend: onnx }'))).toEqual([
      'job.yaml:8:21: workers.backend must be auto, webgpu or exact, since training.numerics is exact and onnxruntime has no exact numerics',
    ]);
    const { spec } = parseJob(job('{ rounds: 1, numerics: exact }', 'workers: { backend: exact }'), 'job.yaml');
    expect(spec.training.numerics).toBe('exact');
  });

  it('asks a residual network for as many block counts as widths', () => {
    const resnet = (model: string) => problems(job().replace('{ type: mlp, hidden: [32] }', model));
    expect(resnet('{ type: resnet, blocks: [1, 2] }')).toEqual([
      'job.yaml:2:32: model.blocks must have as many entries as model.widths',
    ]);
  });

  it('answers what is not a job with one line', () => {
    expect(problems('')).toEqual(['job.yaml:1:1: the job must be a section with keys']);
    expect(problems('name: [1')[0]).toMatch(/^job\.yaml:1:9: not valid YAML: /);
    expect(problems('a: 1\na: 2\n')[0]).toMatch(/^job\.yaml:2:1: not valid YAML: /);
    expect(problems('#'.repeat(MAX_JOB_CHARACTERS + 1))[0]).toContain('a job has at most');
  });

  it('refuses a document that unfolds into more than it is', () => {
    const bomb = [
      'a: &a [x, x, x, x, x, x, x, x, x, x]',
      ...'bcdefgh'.split('').map((key, i) => `${key}: &${key} [${Array(10).fill(`*${'abcdefg'[i]}`).join(', ')}]`),
    ];
    expect(problems(bomb.join('\n'))[0]).toMatch(/^job\.yaml:1:1: not valid YAML: /);
  });

  it('places what is found later at the field, or at its nearest parent', () => {
    const { issueAt } = parseJob(job(), 'job.yaml');
    expect(issueText(issueAt(['data', 'eval', 'images'], 'is missing'))).toBe('job.yaml:5:30: is missing');
    expect(issueText(issueAt(['data', 'eval', 'sha256', 'images'], 'differs'))).toBe('job.yaml:5:3: differs');
  });
});
