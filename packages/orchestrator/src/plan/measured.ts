/** How long a job will take, guessed from its own earlier runs on this machine. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const resultSchema = z.object({ runId: z.string(), rounds: z.int().positive(), seconds: z.number().positive() });

/** Seconds a round took in an earlier run. */
export interface Measured {
  readonly runId: string;
  readonly secondsPerRound: number;
}

/** The newest finished run of the job named `jobName` under `directory`; null when there is none. */
export function lastMeasured(directory: string, jobName: string): Measured | null {
  if (!existsSync(directory)) return null;
  const results = readdirSync(directory)
    .filter((name) => new RegExp(`^${jobName}-\\d{8}-[0-9a-f]{8}$`).test(name))
    .map((name) => join(directory, name, 'result.json'))
    .filter((file) => existsSync(file))
    .toSorted((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  for (const file of results) {
    const parsed = resultSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
    if (parsed.success) return { runId: parsed.data.runId, secondsPerRound: parsed.data.seconds / parsed.data.rounds };
  }
  return null;
}
