/** What is done to a run while its rounds are counted. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LineProcess } from '../harness/line-process.ts';
import { Orchestrate } from '../harness/orchestrate.ts';
import type { ServedRun } from '../harness/served-run.ts';

/** Under way; `stop` ends it and says in a few words what it came to. */
export interface Attack {
  stop(): Promise<string>;
}

export interface AttackPlace {
  readonly run: ServedRun;
  /** For the keys of workers. */
  readonly directory: string;
}

const client = fileURLToPath(new URL('./hostile-client.ts', import.meta.url));

async function hostileClient({ run }: AttackPlace, kind: 'streams' | 'requests'): Promise<Attack> {
  const { port } = new URL(run.link);
  const child = new LineProcess({
    name: 'the hostile client',
    command: process.execPath,
    parameters: [client, port, kind],
  });
  await child.next();
  return {
    stop: async () => {
      // Its last line comes when its input has ended.
      const [said] = await Promise.all([child.next(), child.close()]);
      return said;
    },
  };
}

let forgers = 0;

/** A worker with a new key that commits to honest gradients and sends others. Begins when it is admitted. */
async function forger({ run, directory }: AttackPlace): Promise<Attack> {
  const key = join(directory, `forger-${forgers++}.key`);
  let stays = 0;
  const worker = new Orchestrate(['join', run.address, '--key', key, '--backend', 'onnx', '--threads', '1'], {
    environment: { MURMURATION_MISBEHAVE: 'forge' },
    see: ({ event }) => {
      if (event === 'worker.disconnected') stays += 1;
    },
  });
  await worker.seen('worker.connected');
  return {
    stop: async () => {
      await worker.stop('SIGTERM');
      return `turned away ${stays} times`;
    },
  };
}

/** By the name that the table gives them. */
export const attacks = {
  'idle event streams': (place: AttackPlace) => hostileClient(place, 'streams'),
  'garbage, oversized and slow requests': (place: AttackPlace) => hostileClient(place, 'requests'),
  'a worker that forges its contributions': forger,
} as const satisfies Record<string, (place: AttackPlace) => Promise<Attack>>;
export type AttackName = keyof typeof attacks;
