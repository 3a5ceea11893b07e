/** What an audit's verdicts come to. Nobody loses anything by one verdict where others can be asked. */
import type { AuditOutcome, VerdictRecord } from '../../../journal/facts.ts';
import type { PeerId } from '../../../core/ids.ts';
import type { Adapter, WorkerMessageOf } from '../../../wire/control.ts';
import type { AuditConfig } from '../config.ts';

/** Verdicts that settle an audit once a first one does not pass. */
const FULL_BENCH = 3;

export type Judgement =
  | { readonly next: 'wait' }
  /** The target served nothing. It may have died a moment ago: wait until its silence would have shown. */
  | { readonly next: 'grace' }
  /** Ask so many more auditors. */
  | { readonly next: 'ask'; readonly count: number }
  | {
      readonly next: 'close';
      readonly outcome: AuditOutcome;
      readonly reason: string;
      readonly contradicted: readonly PeerId[];
    };

/** How a re-execution is compared: adapters of the class `exact` compute the same bits, so between two of them nothing is tolerated. */
export type Comparison = 'equality' | 'tolerance';

/** By what target and auditor said of themselves when they joined. Claiming to be exact gains nobody anything. */
export const comparisonOf = (target: Adapter | undefined, auditor: Adapter | undefined): Comparison =>
  target?.class === 'exact' && auditor?.class === 'exact' ? 'equality' : 'tolerance';

/** The measured number decides, not the auditor's opinion. */
export function classify(
  { accept, escalate }: AuditConfig,
  { outcome, relativeError }: WorkerMessageOf<'verdict'>,
  comparison: Comparison,
): VerdictRecord['outcome'] {
  if (outcome !== 'compared') return outcome;
  if (relativeError === null) return 'expired';
  if (comparison === 'equality') return relativeError === 0 ? 'pass' : 'fail';
  if (relativeError <= accept) return 'pass';
  return relativeError <= escalate ? 'doubt' : 'fail';
}

export interface Bench {
  readonly verdicts: readonly VerdictRecord[];
  /** Auditors asked that have not answered. */
  readonly pending: number;
  /** Auditors that could still be asked. */
  readonly available: number;
  /** The target is not the process that contributed any more: nothing can be asked of it. */
  readonly targetGone: boolean;
  /** It has been seen alive long enough after it served nothing. */
  readonly graceOver: boolean;
}

/** Decides on the verdicts so far. */
export function judge({ verdicts, pending, available, targetGone, graceOver }: Bench): Judgement {
  const told = verdicts.filter(({ outcome }) => outcome !== 'expired');
  const passes = told.filter(({ outcome }) => outcome === 'pass');
  if (passes.length === told.length && told.length > 0)
    return close('passed', lastError('re-execution agrees', passes), []);
  if (targetGone && told.length > 0 && told.every(({ outcome }) => outcome === 'withheld'))
    return close('unverifiable', 'the target left before its contribution could be compared', []);
  const missing = Math.min(Math.max(0, (told.length === 0 ? 1 : FULL_BENCH) - told.length - pending), available);
  if (missing > 0) return { next: 'ask', count: missing };
  if (pending > 0) return { next: 'wait' };
  const onlyWithheld =
    told.length > 0 &&
    !told.some(({ outcome }) => outcome === 'fail') &&
    told.some(({ outcome }) => outcome === 'withheld');
  return onlyWithheld && !graceOver && !targetGone ? { next: 'grace' } : decide(told);
}

/** All who could be asked have spoken. */
function decide(told: readonly VerdictRecord[]): Judgement {
  const against = told.filter(({ outcome }) => outcome === 'fail' || outcome === 'withheld');
  const others = told.filter((verdict) => !against.includes(verdict));
  if (told.length === 0) return close('expired', 'no auditor could re-execute it in time', []);
  if (against.length > others.length)
    return close(
      'failed',
      `${lastError('re-execution differs', against)}, by ${against.length} of ${told.length} auditors`,
      others,
    );
  if (against.length === others.length)
    return close('disputed', `${against.length} of ${told.length} auditors say that it differs`, []);
  return close('passed', lastError('re-execution agrees', others), against);
}

const close = (outcome: AuditOutcome, reason: string, contradicted: readonly VerdictRecord[]): Judgement => ({
  next: 'close',
  outcome,
  reason,
  contradicted: contradicted.filter((verdict) => verdict.outcome !== 'doubt').map(({ auditor }) => auditor),
});

function lastError(text: string, verdicts: readonly VerdictRecord[]): string {
  const errors = verdicts.map(({ relativeError }) => relativeError).filter((error) => error !== null);
  if (errors.length === 0)
    return verdicts.some(({ outcome }) => outcome === 'withheld')
      ? 'the contribution was withheld from its auditors'
      : text;
  return `${text} (relative error ${errors.map((error) => error.toExponential(2)).join(', ')})`;
}
