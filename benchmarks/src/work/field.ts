/** All contenders of one run of a suite: they are asked to do the same work, and those that cannot say why. */
import { measureRounds } from '../harness/rounds.ts';
import type { RoundContender, RoundOptions, RoundSample } from '../harness/rounds.ts';
import type { ReadyReply } from '../harness/serve-work.ts';
import type { WorkProcess } from '../harness/work-process.ts';
import { isOnAdapter, openContender } from '../peers/contenders.ts';
import type { ContenderName, ContenderOptions } from '../peers/contenders.ts';
import { nameOf } from './work.ts';
import type { CeilingWork, Work } from './work.ts';

/** One contender's figures for one piece of work. */
export interface Figures extends RoundSample {
  readonly name: ContenderName;
  readonly version: string;
  readonly adapter: string;
  /** Repetitions in one timed run; times are of one repetition. */
  readonly times: number;
  /** Milliseconds of the first run, which compiles. */
  readonly firstMillis: number;
}

/** Who did not do a piece of work, and why. */
export interface Absence {
  readonly name: ContenderName;
  readonly reason: string;
}

export interface Comparison {
  readonly work: Work;
  readonly name: string;
  readonly contenders: readonly Figures[];
  readonly absent: readonly Absence[];
  /** FLOPs and bytes a millisecond that the adapter did at most, measured in the same rounds. */
  readonly ceilings: Readonly<Partial<Record<CeilingWork['of'], number>>>;
  /** The same for each round, so that fractions can be taken round by round. */
  readonly ceilingRounds: Readonly<Partial<Record<CeilingWork['of'], readonly number[]>>>;
}

export interface FieldOptions extends ContenderOptions, RoundOptions {
  readonly log: (line: string) => void;
  /** Contenders for which one run takes longer are told of, and not measured. */
  readonly patienceMillis: number;
  /** A timed run lasts at least so many milliseconds, by repeating short work. */
  readonly leastMillis: number;
}

interface Ceiling {
  readonly of: CeilingWork['of'];
  readonly process: WorkProcess;
  readonly ready: ReadyReply;
}

type Ready = { readonly name: ContenderName; readonly process: WorkProcess; readonly reply: ReadyReply };

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export class Field {
  readonly #options: FieldOptions;
  readonly #processes: ReadonlyMap<ContenderName, WorkProcess>;
  readonly #ceilings: Ceiling[] = [];

  constructor(names: readonly ContenderName[], options: FieldOptions) {
    this.#options = options;
    this.#processes = new Map(names.map((name) => [name, openContender(name, options)]));
  }

  /** Prepares the adapter's ceilings, which from then on run in every round. Without an adapter there are none. */
  async openCeilings(): Promise<void> {
    for (const limit of ['flops', 'bytes'] as const) {
      const process = openContender('murmuration webgpu', this.#options);
      try {
        const ready = await process.prepare({ kind: 'ceiling', of: limit }, this.#options.leastMillis);
        this.#ceilings.push({ of: limit, process, ready });
      } catch (error) {
        this.#options.log(`no ceiling of ${limit}: ${reasonOf(error)}`);
        await process.close();
      }
    }
  }

  /** The WebGPU adapter that was measured, where there is one. */
  get adapter(): string | undefined {
    const onAdapter = [...this.#processes].flatMap(([name, process]) => (isOnAdapter(name) ? [process] : []));
    const processes = [...this.#ceilings.map(({ process }) => process), ...onAdapter];
    return processes.find(({ adapter }) => adapter !== '')?.adapter;
  }

  /** @param skipped contenders that are not asked, with the reason */
  async compare(work: Work, skipped: readonly Absence[] = []): Promise<Comparison> {
    const { log, leastMillis, patienceMillis } = this.#options;
    const [ready, absent]: [Ready[], Absence[]] = [[], [...skipped]];
    for (const [name, process] of this.#processes) {
      if (skipped.some((absence) => absence.name === name)) continue;
      try {
        const reply = await process.prepare(work, leastMillis);
        if (reply.millis > patienceMillis) {
          absent.push({ name, reason: `a run takes ${(reply.millis / 1000).toFixed(1)} s (--set patience=SECONDS)` });
          await process.release();
        } else ready.push({ name, process, reply });
      } catch (error) {
        absent.push({ name, reason: reasonOf(error) });
        log(`  without ${name}: ${reasonOf(error)}`);
      }
    }
    log(`${nameOf(work)}: ${ready.map(({ name, reply }) => `${name} ${reply.millis.toPrecision(3)} ms`).join(', ')}`);
    const comparison = await this.#measure(work, ready);
    for (const { process } of ready) await process.release().catch(() => undefined);
    return { ...comparison, absent: [...absent, ...comparison.absent] };
  }

  async #measure(work: Work, ready: readonly Ready[]): Promise<Comparison> {
    const failed = new Map<ContenderName, string>();
    const contenders = [
      ...ready.map(({ name, process }) => survivor(name, process, (reason) => failed.set(name, reason))),
      ...this.#ceilings.map(({ of, process }): RoundContender => ({ name: of, run: () => process.run() })),
    ];
    const millis = [...ready.map(({ reply }) => reply), ...this.#ceilings.map((ceiling) => ceiling.ready)].map(
      (reply) => reply.millis * reply.times,
    );
    const samples = await measureRounds(contenders, millis, this.#options);
    const ceilings = this.#ceilings.map(({ of, ready: { amount = Number.NaN } }, index) => {
      const { median = Number.NaN, rounds = [] } = samples[ready.length + index] ?? {};
      return { of, rate: amount / median, rounds: rounds.map((each) => amount / each) };
    });
    return {
      work,
      name: nameOf(work),
      contenders: ready.flatMap(({ name, process, reply }, index) => {
        const { version, adapter } = process;
        const { times, firstMillis } = reply;
        return failed.has(name) ? [] : [{ ...samples[index]!, name, version, adapter, times, firstMillis }];
      }),
      absent: [...failed].map(([name, reason]) => ({ name, reason })),
      ceilings: Object.fromEntries(ceilings.map(({ of, rate }) => [of, rate])),
      ceilingRounds: Object.fromEntries(ceilings.map(({ of, rounds }) => [of, rounds])),
    };
  }

  async close(): Promise<void> {
    const processes = [...this.#processes.values(), ...this.#ceilings.map(({ process }) => process)];
    await Promise.all(processes.map((process) => process.close()));
  }
}

/** A contender whose death in the middle of a measurement is told and takes nobody else with it. */
function survivor(name: ContenderName, process: WorkProcess, tell: (reason: string) => void): RoundContender {
  let gone = false;
  const run = async (): Promise<number> => {
    if (gone) return Number.NaN;
    try {
      return await process.run();
    } catch (error) {
      gone = true;
      tell(reasonOf(error));
      return Number.NaN;
    }
  };
  return { name, run };
}
