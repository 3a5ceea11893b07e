/** Each micro-batch that the member was given, round by round: what became of it, who checked it, whether it pays. */
import { useSignal } from '@preact/signals';
import { apiPaths } from '@murmuration/protocol/dashboard';
import type { Page, WorkLine } from '@murmuration/protocol/dashboard';
import { addressOf } from '../api/client.ts';
import { Button } from '../design/controls.tsx';
import { useFetched } from '../design/fetched.ts';
import { NOTHING, count, figure, milliseconds, moment, ranges } from '../design/format.ts';
import { Badge, Empty, Section, Skeleton, Trouble } from '../design/pieces.tsx';
import type { Tone } from '../design/pieces.tsx';
import { auditTones } from '../run/member-words.ts';

const LIMIT = 20;
const REFRESH_MS = 3000;

const outcomes: Readonly<Record<WorkLine['outcome'], Tone>> = {
  committed: 'good',
  requeued: 'warning',
  'rolled back': 'warning',
  pending: 'info',
};

const pays: Readonly<Record<WorkLine['pay'], readonly [words: string, tone: Tone]>> = {
  pays: ['pays', 'good'],
  waits: ['next epoch', 'info'],
  forfeited: ['forfeited', 'bad'],
  'not due': ['not due', 'neutral'],
  'unpaid job': ['unpaid job', 'neutral'],
};

function Audit({ audit }: Pick<WorkLine, 'audit'>) {
  if (audit === null) return <span class="quiet">{NOTHING}</span>;
  if (audit.outcome === null) return <Badge tone="info">under way</Badge>;
  return <Badge tone={auditTones[audit.outcome]}>{audit.outcome}</Badge>;
}

const Row = ({ line }: { readonly line: WorkLine }) => (
  <tr>
    <th scope="row" title={moment(line.at)}>
      {count(line.round)}
    </th>
    <td class="mono wide">{ranges(line.microBatches)}</td>
    <td class="number wide">{line.lossMean === null ? NOTHING : figure(line.lossMean)}</td>
    <td class="number wide">{line.computeMs === null ? NOTHING : milliseconds(line.computeMs)}</td>
    <td>
      <Badge tone={outcomes[line.outcome]}>{line.outcome}</Badge>
    </td>
    <td>
      <Audit audit={line.audit} />
    </td>
    <td>
      <Badge tone={pays[line.pay][1]}>{pays[line.pay][0]}</Badge>
    </td>
    <td class="reason wide">{line.reason}</td>
  </tr>
);

export function Work({
  peerId,
  rounds,
  live,
  sign,
}: {
  readonly peerId: string;
  readonly rounds: number;
  readonly live: boolean;
  /** Another object when the member's row has changed. */
  readonly sign: unknown;
}) {
  /** Where older pages begin; the newest page has none. */
  const trail = useSignal<readonly number[]>([]);
  const before = trail.value.at(-1);
  const address = addressOf(apiPaths.work, { peerId }, { before, limit: LIMIT });
  const { answer, error, again } = useFetched<Page<WorkLine>>(
    address,
    live && before === undefined ? REFRESH_MS : null,
    before === undefined ? sign : null,
  );
  const next = answer?.next ?? null;
  return (
    <Section
      id="work"
      title="Work"
      note="each round’s micro-batches, what became of them, and why"
      tools={
        <>
          <Button disabled={trail.value.length === 0} onClick={() => (trail.value = trail.value.slice(0, -1))}>
            <span aria-hidden="true">←</span> Newer
          </Button>
          <Button disabled={next === null} onClick={() => next !== null && (trail.value = [...trail.value, next])}>
            Older <span aria-hidden="true">→</span>
          </Button>
        </>
      }
    >
      {error !== null && <Trouble what="The work could not be fetched." error={error} retry={again} />}
      {answer === null && error === null && <Skeleton lines={8} label="The work is being fetched" />}
      {answer?.rows.length === 0 && (
        <Empty>
          {rounds === 0 ? 'No round has been committed yet.' : 'This member has been given no micro-batch yet.'}
        </Empty>
      )}
      {answer !== null && answer.rows.length > 0 && (
        <div class="table-frame" role="region" aria-label="Table of work" tabIndex={0}>
          <table class="table work">
            <caption class="visually-hidden">Micro-batches by round, the newest first</caption>
            <thead>
              <tr>
                <th scope="col">Round</th>
                <th scope="col" class="wide">
                  Micro-batches
                </th>
                <th scope="col" class="number wide">
                  Loss
                </th>
                <th scope="col" class="number wide">
                  Time
                </th>
                <th scope="col">Outcome</th>
                <th scope="col">Audit</th>
                <th scope="col">Pay</th>
                <th scope="col" class="wide">
                  Why
                </th>
              </tr>
            </thead>
            <tbody>
              {answer.rows.map((line) => (
                <Row key={line.assignment} line={line} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Section>
  );
}
