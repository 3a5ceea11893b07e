/** Every time-out of a run, derived from the job's one knob `failureTimeout` and measured speed. */
import { milliseconds, type Milliseconds } from '../../core/units.ts';
import type { PeerId } from '../../core/ids.ts';
import type { Contributor } from '../../wire/control.ts';
import type { CoordinatorConfig } from './config.ts';
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
/** Members wait so long for a joiner that has yet to fetch the sealed round. */
export const joinerTimeout = (config: Knob): Milliseconds => times(config, 1 / 2);
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

/** Milliseconds that a member should need for so many samples; 0 while its speed is unknown. */
const expectedMs = (member: MemberRecord | undefined, samples: number): number =>
  member !== undefined && member.samplesPerSecond > 0 ? (samples / member.samplesPerSecond) * 1000 : 0;

/** Three times what the slowest contributor should need, audits that it was asked for included, and room for one that is late. */
export function computeTimeout(state: CoordinatorState, contributors: readonly Contributor[]): Milliseconds {
  const { config, members } = state;
  const needed = contributors.map(({ peerId, microBatches }) =>
    expectedMs(members[peerId], microBatches.length * config.microBatchSize + auditSamples(state, peerId)),
  );
  return times(config, 2, 3 * Math.max(0, ...needed));
}

const auditSamples = ({ audits }: CoordinatorState, peerId: PeerId): number =>
  audits.open.reduce((sum, { asked, samples }) => sum + (asked.includes(peerId) ? samples : 0), 0);

/** An audit is one contribution's work behind whatever else the auditor has to do. */
export const auditTimeout = (config: Knob, auditor: MemberRecord | undefined, samples: number): Milliseconds =>
  times(config, 4, 6 * expectedMs(auditor, samples));

/** After an auditor got nothing from its target: by then a dead target has been silent for too long. */
export const graceTimeout = (config: Knob): Milliseconds => times(config, 1.5);

/** A part of an evaluation; a forward pass is cheaper than the training that the speed was measured on. */
export const evaluateTimeout = (config: Knob, member: MemberRecord | undefined, samples: number): Milliseconds =>
  times(config, 2, 3 * expectedMs(member, samples));
