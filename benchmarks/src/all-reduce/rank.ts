/**
 * What one process of an all-reduce speaks with the suite, line by line over its standard streams. `peers/gloo.py`
 * speaks the same:
 *
 *     settings {rank, ranks, elements}  →  {"address": where the other ranks find this one}
 *     {"addresses": [of every rank]}    →  {"name": what it is}        (connected, and one reduction done and checked)
 *     reduce                            →  {"cpuMs": processor time}   (once a line)
 */
import { createInterface } from 'node:readline';

export interface RankSettings {
  readonly rank: number;
  readonly ranks: number;
  /** Of the f32 vector that is reduced. */
  readonly elements: number;
}

/** One process' part of an all-reduce. */
export interface Rank {
  readonly name: string;
  readonly address: string;
  connect(addresses: readonly string[]): Promise<void>;
  /** Reduces the vector `testVector(settings)` and returns the result `[elements] f32`, good until the next call. */
  reduce(): Promise<Float32Array>;
  close(): Promise<void>;
}

/** Whether a rank's result is the vectors' sum or their mean. */
export type Reduction = 'sum' | 'mean';

/** What rank `rank` brings: small integers, so that every order of summation gives the same bits. */
export const testVector = ({ rank, elements }: Pick<RankSettings, 'rank' | 'elements'>): Float32Array =>
  Float32Array.from({ length: elements }, (_, index) => (rank + 1) * (index % 251));

/** @throws Error naming the first element that is not what `testVector` of all ranks gives */
export function checkResult(result: Float32Array, { ranks, elements }: RankSettings, reduction: Reduction): void {
  if (result.length !== elements)
    throw new Error(`The result has ${result.length} elements, not ${elements}. This is a defect of the benchmark.`);
  const sum = (ranks * (ranks + 1)) / 2;
  const factor = reduction === 'sum' ? sum : Math.fround(sum / ranks);
  const wrong = result.findIndex((value, index) => value !== Math.fround(factor * (index % 251)));
  if (wrong >= 0)
    throw new Error(`Element ${wrong} of the result is ${result[wrong]}. This is a defect of the benchmark.`);
}

/** Runs a rank as this process, until its input ends. */
export async function serveRank(open: (settings: RankSettings) => Promise<Rank>, reduction: Reduction): Promise<void> {
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const next = async (): Promise<string | null> => {
    const { done, value } = await lines.next();
    return done ? null : value;
  };
  const say = (answer: unknown): boolean => process.stdout.write(`${JSON.stringify(answer)}\n`);
  const settings = JSON.parse((await next()) ?? '') as RankSettings;
  const rank = await open(settings);
  say({ address: rank.address });
  const { addresses } = JSON.parse((await next()) ?? '') as { addresses: string[] };
  await rank.connect(addresses);
  checkResult(await rank.reduce(), settings, reduction);
  say({ name: rank.name });
  while ((await next()) !== null) {
    const before = process.cpuUsage();
    await rank.reduce();
    const { user, system } = process.cpuUsage(before);
    say({ cpuMs: (user + system) / 1000 });
  }
  await rank.close();
}
