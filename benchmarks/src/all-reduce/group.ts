/** All ranks of one way to reduce, as a contender: each a process of its own, told to start at the same time. */
import { LineProcess } from '../harness/line-process.ts';
import type { LineProcessOptions } from '../harness/line-process.ts';
import type { Contender } from '../harness/measure.ts';

export interface GroupOptions extends Pick<LineProcessOptions, 'command' | 'parameters' | 'environment'> {
  readonly ranks: number;
  readonly elements: number;
}

/** A contender that also says what its processes worked. */
export interface Group extends Contender {
  run(): Promise<void>;
  close(): Promise<void>;
  /** Processor milliseconds of all ranks, a run each, in order. */
  readonly cpuMs: readonly number[];
}

/** Starts the ranks, connects them, and has each check one reduction. */
export async function startGroup({ ranks, elements, ...program }: GroupOptions): Promise<Group> {
  const processes = Array.from(
    { length: ranks },
    (_, rank) => new LineProcess({ name: `rank ${rank} of ${program.parameters.join(' ')}`, ...program }),
  );
  const askAll = async <T>(line: (rank: number) => unknown): Promise<T[]> =>
    await Promise.all(
      processes.map(async (rank, index) => JSON.parse(await rank.ask(JSON.stringify(line(index)))) as T),
    );
  const addresses = (await askAll<{ address: string }>((rank) => ({ rank, ranks, elements }))).map(
    ({ address }) => address,
  );
  const [first] = await askAll<{ name: string }>(() => ({ addresses }));
  const cpuMs: number[] = [];
  return {
    name: first?.name ?? 'nobody',
    cpuMs,
    run: async () => {
      const answers = await askAll<{ cpuMs: number }>(() => 'reduce');
      cpuMs.push(answers.reduce((sum, answer) => sum + answer.cpuMs, 0));
    },
    close: async () => {
      await Promise.all(processes.map((rank) => rank.close()));
    },
  };
}
