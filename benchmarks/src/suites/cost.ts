/**
 * What training costs here and in a cloud. Only throughput that was measured is used: for this machine that of
 * the newest `train-step` result. For a cloud GPU nothing was measured, so the table says how fast it would have to be to be cheaper.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { SuiteResult, Table } from '../harness/report.ts';
import type { Suite, SuiteOptions } from '../suite.ts';
import type { TrainStepData } from './train-step.ts';
import { trainStep } from './train-step.ts';

interface Offer {
  readonly id: string;
  readonly provider: string;
  readonly device: string;
  readonly tier: string;
  /** US dollars for one hour. */
  readonly perHour: number;
  readonly date: string;
  readonly source: string;
}

const pricesFile = new URL('../../data/cloud-prices.json', import.meta.url);
const resultsFolder = new URL('../../results/', import.meta.url);

/** What a volunteer asks for an hour of a machine like this, US dollars, unless `--set worker-price=` says otherwise. */
const DEFAULT_WORKER_PRICE = 0.05;

interface StoredTrainStep {
  readonly data: TrainStepData;
  readonly machine: { readonly date: string; readonly cpu: string };
}

/** Results of `train-step`, one an adapter. */
function storedTrainSteps(): StoredTrainStep[] {
  if (!existsSync(resultsFolder)) return [];
  const files = readdirSync(resultsFolder).filter((file) => file.startsWith('train-step'));
  return files.map((file) => JSON.parse(readFileSync(new URL(file, resultsFolder), 'utf8')) as StoredTrainStep);
}

async function measuredThroughput(options: SuiteOptions): Promise<{ data: TrainStepData; origin: string }> {
  const stored = storedTrainSteps().sort((a, b) => b.machine.date.localeCompare(a.machine.date))[0];
  if (stored !== undefined)
    return { data: stored.data, origin: `train-step of ${stored.machine.date} on ${stored.machine.cpu}` };
  options.log('no stored train-step result: measuring');
  const { data } = await trainStep({ ...options, quick: true });
  return { data: data as TrainStepData, origin: 'measured just now, quick' };
}

/** Dollars for a million samples at `samplesPerSecond` and `perHour` dollars. */
export function dollarsPerMillionSamples(samplesPerSecond: number, perHour: number): number {
  return (perHour / 3600 / samplesPerSecond) * 1e6;
}

/** Samples per second above which a machine at `perHour` dollars trains for less than `dollarsPerMillion`. */
export function breakEvenSamplesPerSecond(perHour: number, dollarsPerMillion: number): number {
  return (perHour / 3600 / dollarsPerMillion) * 1e6;
}

async function run(options: SuiteOptions): Promise<SuiteResult> {
  const workerPrice = Number(options.settings['worker-price'] ?? DEFAULT_WORKER_PRICE);
  if (!(workerPrice > 0))
    throw new Error('worker-price must be dollars an hour above 0. Write it as --set worker-price=0.05.');
  const { offers } = JSON.parse(readFileSync(pricesFile, 'utf8')) as { offers: Offer[] };
  const { data, origin } = await measuredThroughput(options);
  const tables = data.models.map((model): Table => {
    const ours = model.contenders.find((contender) => contender.name === data.fastest[model.name]);
    const samplesPerSecond = ours?.samplesPerSecond ?? Number.NaN;
    const here = dollarsPerMillionSamples(samplesPerSecond, workerPrice);
    return {
      title: `${model.name}: ${samplesPerSecond.toFixed(0)} samples/s a worker (${ours?.name}) at $${workerPrice}/h is $${here.toPrecision(3)} a million samples`,
      columns: ['offer', 'device', 'tier', '$/h', 'as of', 'cheaper only above samples/s', 'or above × this worker'],
      rows: offers.map((offer) => {
        const needed = breakEvenSamplesPerSecond(offer.perHour, here);
        return [offer.provider, offer.device, offer.tier, offer.perHour, offer.date, needed, needed / samplesPerSecond];
      }),
      notes: [`throughput: ${origin}`, 'prices and their sources: benchmarks/data/cloud-prices.json'],
    };
  });
  return { suite: 'cost', tables, data: { workerPrice, origin, offers, models: data.models } };
}

export const cost: Suite = run;
