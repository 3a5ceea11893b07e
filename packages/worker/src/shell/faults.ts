/**
 * Faults on purpose, for tests of the system against its own worker. Nothing here is a secret or a safeguard: whoever
 * runs a worker can change its code and do the same or worse. The system has to stand it; these switches make it cheap
 * to see that it does.
 *
 * - `MURMURATION_MISBEHAVE`: how the contributions of this worker are wrong.
 *   `zeros` sends a gradient of zeros; `stale` sends last round's gradient again; `skip-half` trains on half of each
 *   micro-batch's samples and claims all; `garbage` sends random finite numbers of a gradient's size; `nudge` changes
 *   each number by a millionth, which no tolerance can tell from honest rounding; `forge` commits to an honest gradient
 *   and sends another one.
 * - `MURMURATION_CRASH_AT=<phase>:<round>`: the process kills itself with SIGKILL in that phase of that round.
 */
import { MurmurationError } from '@murmuration/protocol';

export const misbehaviours = ['zeros', 'stale', 'skip-half', 'garbage', 'nudge', 'forge'] as const;
export type Misbehaviour = (typeof misbehaviours)[number];

/** `computing`: within the gradient; `pushing`: between two buckets; `owning`: before a reduction; `applying`: before the optimizer. */
export const crashPhases = ['computing', 'pushing', 'owning', 'applying'] as const;
export type CrashPhase = (typeof crashPhases)[number];

export interface Faults {
  readonly misbehave: Misbehaviour | null;
  readonly crashAt: { readonly phase: CrashPhase; readonly round: number } | null;
}

export const noFaults: Faults = { misbehave: null, crashAt: null };

export class BadFaultError extends MurmurationError {
  readonly code = 'BAD_FAULT';

  constructor({ variable, value }: { variable: string; value: string }) {
    super({
      message: `${variable}=${value} is no fault that this program knows.`,
      mend: `Use ${misbehaviours.join(', ')} for MURMURATION_MISBEHAVE, and ${crashPhases.join('|')}:<round> for MURMURATION_CRASH_AT.`,
    });
  }
}

const isOneOf = <T extends string>(values: readonly T[], value: string): value is T =>
  (values as readonly string[]).includes(value);

/** @throws BadFaultError */
export function faultsFrom(environment: Readonly<Record<string, string | undefined>>): Faults {
  return {
    misbehave: misbehaviourFrom(environment['MURMURATION_MISBEHAVE']),
    crashAt: crashFrom(environment['MURMURATION_CRASH_AT']),
  };
}

function misbehaviourFrom(value: string | undefined): Misbehaviour | null {
  if (value === undefined || value === '') return null;
  if (isOneOf(misbehaviours, value)) return value;
  throw new BadFaultError({ variable: 'MURMURATION_MISBEHAVE', value });
}

function crashFrom(value: string | undefined): Faults['crashAt'] {
  if (value === undefined || value === '') return null;
  const [phase = '', round = ''] = value.split(':');
  if (isOneOf(crashPhases, phase) && /^\d+$/.test(round)) return { phase, round: Number(round) };
  throw new BadFaultError({ variable: 'MURMURATION_CRASH_AT', value });
}

/** Kills this process, as a pulled plug would, when it is in the phase and round that were asked for. */
export function crashPoint({ crashAt }: Faults, phase: CrashPhase, round: number): void {
  if (crashAt?.phase === phase && crashAt.round === round) process.kill(process.pid, 'SIGKILL');
}

/** Samples of a micro-batch that a worker with this fault really trains. */
export const trainedSamples = ({ misbehave }: Faults, microBatch: number): number =>
  misbehave === 'skip-half' ? Math.floor(microBatch / 2) : microBatch;

/**
 * Spoils a contribution `[parameterCount]` in place before it is committed to.
 * @param previous the worker's contribution of the round before, if it had one
 */
export function spoil(
  { misbehave }: Faults,
  contribution: Float32Array | BigInt64Array,
  previous: Float32Array | BigInt64Array | null,
): void {
  const spoiler = misbehave === null ? undefined : spoilers[misbehave];
  if (spoiler === undefined) return;
  const honest = Array.from(contribution, Number);
  const wrong = spoiler(honest, previous === null ? null : Array.from(previous, Number));
  if (contribution instanceof Float32Array) contribution.set(wrong);
  else contribution.set(wrong.map((value) => BigInt(Math.trunc(value))));
}

/** Changes a contribution `[parameterCount]` in place after it was committed to. */
export function forge({ misbehave }: Faults, committed: Float32Array | BigInt64Array): void {
  if (misbehave !== 'forge') return;
  if (committed instanceof Float32Array) committed.set(committed.map((value) => value + 1));
  else committed.set(committed.map((value) => value + 1n));
}

type Spoiler = (honest: readonly number[], previous: readonly number[] | null) => readonly number[];

/** `skip-half` and `forge` are none of them: nothing that was computed is spoilt before it is committed to. */
const spoilers: Readonly<Partial<Record<Misbehaviour, Spoiler>>> = {
  zeros: (honest) => honest.map(() => 0),
  stale: (honest, previous) => previous ?? honest,
  nudge: (honest) => honest.map((value) => value * (1 + 2 ** -20)),
  garbage: (honest) => {
    const size = Math.sqrt(honest.reduce((sum, value) => sum + value * value, 0) / honest.length);
    return honest.map(() => (Math.random() * 2 - 1) * size * 1.7);
  },
};
