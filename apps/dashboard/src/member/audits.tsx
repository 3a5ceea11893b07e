/** The audits of a member's work, with every verdict and its number. */
import type { AuditRow } from '@murmuration/protocol/dashboard';
import { count, counted, figure } from '../design/format.ts';
import { PeerLink } from '../design/peer.tsx';
import { Badge, Empty, Section, Skeleton } from '../design/pieces.tsx';
import type { Tone } from '../design/pieces.tsx';
import { auditTones } from '../run/member-words.ts';

type Verdict = AuditRow['verdicts'][number];

const tones: Readonly<Record<Verdict['outcome'], Tone>> = {
  pass: 'good',
  doubt: 'warning',
  fail: 'bad',
  withheld: 'bad',
  expired: 'neutral',
};

const errorOf = ({ relativeError }: Verdict): string =>
  relativeError === null
    ? ''
    : relativeError === 0
      ? ' · relative error 0'
      : ` · relative error ${figure(relativeError, 2)}`;

const VerdictLine = ({ verdict }: { readonly verdict: Verdict }) => (
  <li>
    <PeerLink peerId={verdict.auditor} /> <Badge tone={tones[verdict.outcome]}>{verdict.outcome}</Badge>{' '}
    <span class="quiet">
      {verdict.reason}
      {errorOf(verdict)}
    </span>
  </li>
);

const Audit = ({ audit }: { readonly audit: AuditRow }) => (
  <details class="disclosure audit" open={audit.outcome === 'failed' || audit.outcome === 'disputed'}>
    <summary>
      <span>Round {count(audit.round)}</span>
      {audit.outcome === null ? (
        <Badge tone="info">under way</Badge>
      ) : (
        <Badge tone={auditTones[audit.outcome]}>{audit.outcome}</Badge>
      )}
      <span class="quiet">
        {counted(audit.microBatches, 'micro-batch', 'micro-batches')}, {counted(audit.verdicts.length, 'verdict')}
      </span>
    </summary>
    <p>{audit.reason}</p>
    <ul>
      {audit.verdicts.map((verdict) => (
        <VerdictLine key={verdict.auditor} verdict={verdict} />
      ))}
    </ul>
  </details>
);

interface AuditsProps {
  readonly audits: readonly AuditRow[];
  /** How many have been closed, as the stream tells it: it may be ahead of the list. */
  readonly closed: number;
}

export const Audits = ({ audits, closed }: AuditsProps) => (
  <Section id="audits" title="Audits" note="others re-executed its work; the newest first, at most 100">
    {audits.length === 0 && closed > 0 && <Skeleton lines={2} label="The audits are being fetched" />}
    {audits.length === 0 && closed === 0 && (
      <Empty>
        None of its work has been audited yet. New members are audited often, proven ones rarely, and none never.
      </Empty>
    )}
    {audits.length > 0 && (
      <div class="panel scrolled" role="region" aria-label="List of audits" tabIndex={0}>
        {audits.map((audit) => (
          <Audit key={audit.audit} audit={audit} />
        ))}
      </div>
    )}
  </Section>
);
