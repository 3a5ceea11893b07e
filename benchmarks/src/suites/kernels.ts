/**
 * Single kernels beside the peers': matrix products of square sizes and of a real step's, attention, norms, reductions,
 * convolutions. The adapter's own ceilings (multiply-adds without loads, a copy) run in the same rounds.
 */
import type { SuiteResult, Table } from '../harness/report.ts';
import { summaryOf } from '../harness/rounds.ts';
import { isOnAdapter, selectContenders } from '../peers/contenders.ts';
import type { ContenderName } from '../peers/contenders.ts';
import type { Suite, SuiteOptions } from '../suite.ts';
import { Field } from '../work/field.ts';
import type { Absence, Comparison, Figures } from '../work/field.ts';
import { fieldOptions } from '../work/field-options.ts';
import { costOfWork } from '../work/work-graph.ts';
import { nameOf } from '../work/work.ts';
import type { KernelWork, MatmulWork } from '../work/work.ts';

const FORMS = ['NN', 'NT', 'TN'] as const;
const SIZES = [256, 512, 1024, 2048, 4096];

const square = (form: MatmulWork['form'], size: number): MatmulWork => ({
  kind: 'matmul',
  form,
  batch: 1,
  m: size,
  k: size,
  n: size,
});

/** Products of the GPT and MLP steps: dense layers forward and backward, attention's scores. */
const stepMatmuls: readonly MatmulWork[] = [
  { kind: 'matmul', form: 'NN', batch: 1, m: 768, k: 128, n: 512 },
  { kind: 'matmul', form: 'NT', batch: 1, m: 768, k: 512, n: 128 },
  { kind: 'matmul', form: 'TN', batch: 1, m: 128, k: 768, n: 512 },
  { kind: 'matmul', form: 'NN', batch: 1, m: 128, k: 784, n: 512 },
  { kind: 'matmul', form: 'TN', batch: 1, m: 784, k: 128, n: 512 },
  { kind: 'matmul', form: 'NT', batch: 48, m: 64, k: 32, n: 64 },
];

const others: readonly KernelWork[] = [
  { kind: 'attention', batch: 12, heads: 4, length: 64, width: 32, backward: false },
  { kind: 'attention', batch: 12, heads: 4, length: 64, width: 32, backward: true },
  { kind: 'attention', batch: 1, heads: 8, length: 512, width: 64, backward: false },
  { kind: 'layerNorm', rows: 768, columns: 128 },
  { kind: 'layerNorm', rows: 4096, columns: 1024 },
  { kind: 'softmax', rows: 3072, columns: 64 },
  { kind: 'softmax', rows: 4096, columns: 1024 },
  { kind: 'reduceRows', rows: 4096, columns: 1024 },
  { kind: 'reduceColumns', rows: 4096, columns: 1024 },
  { kind: 'conv2d', batch: 64, inputs: 1, outputs: 16, size: 28, kernel: 5 },
  { kind: 'conv2d', batch: 64, inputs: 16, outputs: 32, size: 14, kernel: 5 },
  { kind: 'conv2d', batch: 16, inputs: 64, outputs: 64, size: 28, kernel: 3 },
];

/** `--quick` does the smallest of each family. */
const quickWorks: readonly KernelWork[] = [
  square('NN', 256),
  ...others.filter((work, index) => others.findIndex(({ kind }) => kind === work.kind) === index),
];
const works: readonly KernelWork[] = [
  ...SIZES.flatMap((size) => FORMS.map((form) => square(form, size))),
  ...stepMatmuls,
  ...others,
];

interface KernelFigures extends Comparison {
  readonly flops: number;
  readonly bytes: number;
}

/** A product is as fast as its multiply-adds allow; everything else here moves bytes. */
const countsFlops = ({ kind }: KernelWork): boolean => kind === 'matmul' || kind === 'attention' || kind === 'conv2d';

/** Contenders that at the speed of their last square product would take too long for this one. */
class Patience {
  readonly #limitMillis: number;
  readonly #rates = new Map<ContenderName, number>();

  constructor(limitMillis: number) {
    this.#limitMillis = limitMillis;
  }

  exhausted(work: KernelWork): Absence[] {
    if (work.kind !== 'matmul') return [];
    const { flops } = costOfWork(work);
    return [...this.#rates].flatMap(([name, rate]) => {
      const millis = flops / rate;
      if (millis <= this.#limitMillis) return [];
      return [
        {
          name,
          reason: `a run would take about ${(millis / 1000).toFixed(0)} s at its speed so far (--set patience=SECONDS)`,
        },
      ];
    });
  }

  learn({ contenders, flops, work }: KernelFigures): void {
    if (work.kind !== 'matmul' || work.m !== work.n) return;
    for (const { name, median } of contenders) this.#rates.set(name, flops / median);
  }
}

/** The rate, and which part of the adapter's peak it is, round by round. */
function ratesOf(
  { median, rounds }: Figures,
  { flops, bytes, work, ceilingRounds }: KernelFigures,
  onAdapter: boolean,
) {
  const ofFlops = countsFlops(work as KernelWork);
  const amount = ofFlops ? flops : bytes;
  const peaks = ofFlops ? ceilingRounds.flops : ceilingRounds.bytes;
  const fractions = summaryOf(rounds.map((millis, round) => (100 * amount) / millis / (peaks?.[round] ?? Number.NaN)));
  const [low, high] = fractions.spread.map((value) => value.toFixed(0));
  return {
    rate: amount / median / 1e6,
    fraction: onAdapter && peaks !== undefined ? `${fractions.median.toFixed(1)} % (${low} to ${high})` : '',
  };
}

function tableOf(figures: KernelFigures): Table {
  const ofFlops = countsFlops(figures.work as KernelWork);
  const ceiling = ofFlops ? figures.ceilings.flops : figures.ceilings.bytes;
  const unit = ofFlops ? 'GFLOP/s' : 'GB/s';
  return {
    title: figures.name,
    columns: ['what', 'n', 'median ms', 'q1', 'q3', unit, 'of the adapter’s peak'],
    rows: figures.contenders.map((c) => {
      const { rate, fraction } = ratesOf(c, figures, isOnAdapter(c.name));
      return [c.name, c.n, c.median, c.spread[0], c.spread[1], rate, fraction];
    }),
    notes: [
      ...(ceiling === undefined ? [] : [`peak in the same rounds: ${(ceiling / 1e6).toPrecision(3)} ${unit}`]),
      ...figures.absent.map(({ name, reason }) => `without ${name}: ${reason}`),
    ],
  };
}

/** @throws Error when nothing is left to measure */
function chosenWorks({ quick, settings }: SuiteOptions): readonly KernelWork[] {
  const { works: wanted = '' } = settings;
  const chosen = (quick ? quickWorks : works).filter((work) => nameOf(work).includes(wanted));
  if (chosen.length === 0)
    throw new Error(`No work’s name contains ${wanted}. Names are like “${nameOf(works[0]!)}” (--set works=TEXT).`);
  return chosen;
}

async function run(options: SuiteOptions): Promise<SuiteResult> {
  const chosen = chosenWorks(options);
  const fieldSettings = fieldOptions(options, 8);
  const field = new Field(selectContenders(options.settings['only']), fieldSettings);
  const patience = new Patience(fieldSettings.patienceMillis);
  try {
    await field.openCeilings();
    const results: KernelFigures[] = [];
    for (const work of chosen) {
      const figures = { ...(await field.compare(work, patience.exhausted(work))), ...costOfWork(work) };
      patience.learn(figures);
      results.push(figures);
    }
    const adapter = field.adapter ?? null;
    return {
      suite: 'kernels',
      adapter,
      tables: results.map(tableOf),
      data: { threads: fieldSettings.threads, adapter, works: results },
    };
  } finally {
    await field.close();
  }
}

export const kernels: Suite = run;
