/** Every time-out of a run, derived from the job's one knob `failureTimeout` and measured speed. */
import { milliseconds, type Milliseconds } from '../../core/units.ts';
import type { PeerId } from '../../core/ids.ts';
import type { Contributor } from '../../wire/control.ts';
import type { CoordinatorConfig } from './config.ts';
import { presentMembers } from './select.ts';
import type { CoordinatorState, MemberRecord } from './state.ts';

type Knob = Pick<CoordinatorConfig, 'failureTimeout'>;

/** The longest delay that a timer takes; beyond it, it would fire at once. */
const LONGEST = 2 ** 31 - 1;

const times = (config: Knob, factor: number, extra = 0): Milliseconds =>
  milliseconds(Math.min(LONGEST, Math.ceil(config.failureTimeout * factor + extra)));

/** A worker says that it lives this often. */
export const heartbeatInterval = (config: Knob): Milliseconds => times(config, 1 / 4);
/** Silence after which a member is lost. */
export const silenceTimeout = (config: Knob): Milliseconds => times(config, 1);
/** Owners reduce, or members gather: no computing, only transfer, and members report who stalls every 3/4 of a failureTimeout. */
export const transferTimeout = (config: Knob): Milliseconds => times(config, 2);
/** Members wait so long for a joiner that has yet to fetch the sealed round: the longer, the rarer its strikes made its attempts. */
export const joinerTimeout = (config: Knob, strikes: number): Milliseconds =>
  times(config, 2 ** Math.min(2, strikes) / 2);
/** After that, members that have not applied a sealed round may take so long. */
export const applyTimeout = (config: Knob): Milliseconds => times(config, 1.5);
/** After losing everybody: how long to wait for their return before starting with fewer or rolling back. */
export const regatherTimeout = (config: Knob): Milliseconds => times(config, 2);
/** Auditors' signatures under an epoch. */
export const attestTimeout = (config: Knob): Milliseconds => times(config, 2);
/** An interrupted run may finish its round for so long. */
export const drainTimeout = (config: Knob): Milliseconds => times(config, 2);
/** Open audits at the end of the run. */
export const closingAuditsTimeout = (config: Knob): Milliseconds => times(config, 12);

/** So many times slower than usual a member may be, and still have three times what it needs; each of its strikes halves it. */
const PATIENCE = 20;
/** Nobody is expected to compute for more failure time-outs than these. */
const LONGEST_WORK = 1_000;

/**
 * Milliseconds that a member should need for so many samples; 0 while its speed is unknown. Its speed is its own word, and
 * sinks when it is late, so it goes only as far as what is usual among those who work, or a few failure time-outs, bear out:
 * else one that hangs, or a stranger that names a tiny speed, has the others wait for days. Whoever is alone is the usual.
 */
function expectedMs({ config }: CoordinatorState, member: MemberRecord, samples: number, usual: number): number {
  if (member.samplesPerSecond === 0) return 0;
  const usually = (samples / usual) * 1000;
  const patience = (PATIENCE / 2 ** member.standing.strikes) * Math.max(config.failureTimeout, usually);
  return Math.min(
    (samples / member.samplesPerSecond) * 1000,
    Math.max(usually, patience),
    LONGEST_WORK * config.failureTimeout,
  );
}

/** Samples a second of the member in the middle, of two the faster; of those by whose fault nobody waited, where there are such. */
function usualSpeed(members: readonly MemberRecord[]): number {
  const known = members.filter(({ samplesPerSecond }) => samplesPerSecond > 0);
  const blameless = known.filter(({ standing }) => standing.strikes === 0);
  const speeds = (blameless.length > 0 ? blameless : known)
    .map(({ samplesPerSecond }) => samplesPerSecond)
    .toSorted((a, b) => a - b);
  return speeds[speeds.length >> 1] ?? 0;
}

/**
 * Three times what the slowest of those awaited should need, audits that it was asked for included, and room for one that
 * is late.
 */
export function computeTimeout(
  state: CoordinatorState,
  contributors: readonly Contributor[],
  awaited: readonly Contributor[] = contributors,
): Milliseconds {
  const { config, members } = state;
  const usual = usualSpeed(contributors.flatMap(({ peerId }) => members[peerId] ?? []));
  const needed = awaited.map(({ peerId, microBatches }) => {
    const member = members[peerId];
    const samples = microBatches.length * config.microBatchSize + auditSamples(state, peerId);
    return member === undefined ? 0 : expectedMs(state, member, samples, usual);
  });
  return times(config, 2, 3 * Math.max(0, ...needed));
}

const auditSamples = ({ audits }: CoordinatorState, peerId: PeerId): number =>
  audits.open.reduce((sum, { asked, samples }) => sum + (asked.includes(peerId) ? samples : 0), 0);

/** An audit is one contribution's work behind whatever else the auditor has to do. */
export const auditTimeout = (
  state: CoordinatorState,
  auditor: MemberRecord | undefined,
  samples: number,
): Milliseconds => times(state.config, 4, 6 * slowestMs(state, [auditor], samples));

/** After an auditor got nothing from its target: by then a dead target has been silent for too long. */
export const graceTimeout = (config: Knob): Milliseconds => times(config, 1.5);

/** Parts of an evaluation; a forward pass is cheaper than the training that the speed was measured on. */
export const evaluateTimeout = (
  state: CoordinatorState,
  evaluators: readonly (MemberRecord | undefined)[],
  samples: number,
): Milliseconds => times(state.config, 2, 3 * slowestMs(state, evaluators, samples));

/** What the slowest of them should need for so many samples. */
function slowestMs(state: CoordinatorState, members: readonly (MemberRecord | undefined)[], samples: number): number {
  const usual = usualSpeed(presentMembers(state));
  return Math.max(
    0,
    ...members.map((member) => (member === undefined ? 0 : expectedMs(state, member, samples, usual))),
  );
}
