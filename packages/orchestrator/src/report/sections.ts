/** The report's sections, one function each: summary in, HTML out. */
import { differenceText } from '../summary/result.ts';
import type { RunResult } from '../summary/result.ts';
import type { AuditLine, RunSummary } from '../summary/summary.ts';
import { lineChart, shareBars } from './charts.ts';
import { dateTime, figure, percent, seconds, shortHash, shortPeer, tokens } from '@murmuration/protocol/dashboard';
import { html } from './html.ts';
import type { Html } from './html.ts';

/** Rows beyond this are counted, not shown: a report is for reading. The journal has them all. */
const MAX_ROWS = 200;

interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => Html | string;
  readonly number?: boolean;
}

function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): Html {
  const kind = (column: Column<Row>): string => (column.number === true ? 'n' : '');
  const more =
    rows.length > MAX_ROWS ? html`<p class="empty">and ${rows.length - MAX_ROWS} more, in journal.sqlite</p>` : null;
  return html`<div class="scroll">
      <table>
        <thead>
          <tr>
            ${columns.map((column) => html`<th class="${kind(column)}">${column.title}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.slice(0, MAX_ROWS).map(
            (row) =>
              html`<tr>
                ${columns.map((column) => html`<td class="${kind(column)}">${column.cell(row)}</td>`)}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    ${more}`;
}

const card = (value: string, name: string): Html => html`<div><b>${value}</b><span>${name}</span></div>`;

export function figuresSection(result: RunResult): Html {
  const speed = result.seconds > 0 ? result.samples / result.seconds : null;
  return html`<section class="cards">
      ${[
        card(result.outcome, 'outcome'),
        card(percent(result.evalAccuracy), 'held-out accuracy'),
        card(figure(result.evalLoss), 'held-out loss'),
        card(figure(result.trainLoss), 'training loss'),
        card(figure(result.rounds), 'rounds'),
        card(figure(result.samples), 'samples'),
        card(seconds(result.seconds), 'time'),
        card(figure(speed), 'samples / s'),
      ]}
    </section>
    <p class="sub">
      State hash <code>${result.stateHash ?? '–'}</code>.
      ${
        result.onnx === null
          ? 'model.onnx was not evaluated.'
          : `model.onnx in onnxruntime: ${percent(result.onnx.accuracy)} accuracy, loss ${figure(result.onnx.loss)} on ${figure(result.onnx.samples)} samples, ${differenceText(result.onnx)}.`
      }
    </p>`;
}

export function lossSection({ rounds, evaluations, faults }: RunSummary): Html {
  const marks = faults.flatMap(({ round, kind, reason }) =>
    round === null ? [] : [{ x: round, label: `${kind}: ${reason}` }],
  );
  return html`<h2>Loss</h2>
    ${lineChart({
      title: 'Loss over rounds',
      xLabel: 'round',
      yLabel: 'loss (nats)',
      marks,
      series: [
        { name: 'training', kind: 'train', points: rounds.map(({ round, trainLoss }) => ({ x: round, y: trainLoss })) },
        {
          name: 'held-out',
          kind: 'held',
          dots: true,
          points: evaluations.map(({ round, loss }) => ({ x: round, y: loss })),
        },
      ],
    })}${table(evaluations, [
      { title: 'evaluated at round', cell: ({ round }) => figure(round) },
      { title: 'loss', number: true, cell: ({ loss }) => figure(loss) },
      { title: 'accuracy', number: true, cell: ({ accuracy }) => percent(accuracy) },
      {
        title: 'right',
        number: true,
        cell: ({ correct, predictions }) => `${figure(correct)} of ${figure(predictions)}`,
      },
    ])}`;
}

export function workersSection({ workers }: RunSummary): Html {
  return html`<h2>Workers</h2>
    ${shareBars(
      workers.map((worker) => ({
        label: shortPeer(worker.peerId),
        value: worker.microBatches,
        note: `${figure(worker.microBatches)} micro-batches in ${figure(worker.rounds)} rounds`,
      })),
    )}${table(workers, [
      { title: 'peer', cell: ({ peerId }) => html`<code title="${peerId}">${shortPeer(peerId)}</code>` },
      { title: 'address', cell: ({ address }) => html`<code>${address}</code>` },
      { title: 'computes with', cell: ({ backend, adapter }) => `${backend} on ${adapter.name}` },
      {
        title: 'status',
        cell: ({ status }) =>
          html`<span class="${status === 'joined' || status === 'left' ? 'good' : 'bad'}"
            >${status === 'joined' ? 'stayed' : status}</span
          >`,
      },
      {
        title: 'samples / s',
        number: true,
        cell: ({ samples, computeMs }) => figure(computeMs === 0 ? null : (samples * 1000) / computeMs),
      },
      {
        title: 'audits',
        number: true,
        cell: ({ auditsPassed, auditsFailed }) => `${auditsPassed} passed, ${auditsFailed} failed`,
      },
      { title: 'verified', number: true, cell: ({ verified }) => figure(verified) },
      { title: 'paid', number: true, cell: ({ paidWei }) => tokens(paidWei) },
    ])}`;
}

export function timelineSection({ rounds }: RunSummary): Html {
  const durations = rounds.map(({ milliseconds }) => milliseconds).toSorted((a, b) => a - b);
  const at = (fraction: number): number | null =>
    durations[Math.min(durations.length - 1, Math.floor(fraction * durations.length))] ?? null;
  return html`<h2>Rounds</h2>
    <p class="sub">
      A round took ${figure(at(0.5))} ms in the middle case, ${figure(at(0.95))} ms at the 95th percentile,
      ${figure(at(1))} ms at the longest.
    </p>
    ${lineChart({
      title: 'Duration of rounds',
      xLabel: 'round',
      yLabel: 'milliseconds',
      series: [
        {
          name: 'duration',
          kind: 'time',
          points: rounds.map(({ round, milliseconds }) => ({ x: round, y: milliseconds })),
        },
      ],
    })}${membersOver(rounds)}`;
}

/** A picture only where there is something to see. */
function membersOver(rounds: RunSummary['rounds']): Html {
  const counts = new Set(rounds.map(({ members }) => members));
  if (counts.size < 2) return html`<p class="sub">${figure(rounds[0]?.members ?? 0)} members in every round.</p>`;
  return lineChart({
    title: 'Members in each round',
    xLabel: 'round',
    yLabel: 'members',
    fromZero: true,
    series: [
      { name: 'members', kind: 'train', points: rounds.map(({ round, members }) => ({ x: round, y: members })) },
    ],
  });
}

export function faultsSection({ faults }: RunSummary): Html {
  if (faults.length === 0)
    return html`<h2>Faults</h2>
      <p class="empty">None.</p>`;
  return html`<h2>Faults</h2>
    ${table(faults, [
      { title: 'time', cell: ({ at }) => dateTime(at) },
      { title: 'round', number: true, cell: ({ round }) => figure(round) },
      {
        title: 'worker',
        cell: ({ peerId }) => (peerId === null ? '–' : html`<code title="${peerId}">${shortPeer(peerId)}</code>`),
      },
      { title: 'what', cell: ({ kind }) => html`<span class="bad">${kind}</span>` },
      { title: 'why', cell: ({ reason }) => reason },
    ])}`;
}

const verdictText = ({ verdicts }: AuditLine): string =>
  verdicts
    .map(
      ({ auditor, outcome, relativeError }) =>
        `${shortPeer(auditor)}: ${outcome}${relativeError === null ? '' : ` at ${figure(relativeError)}`}`,
    )
    .join('; ');

export function auditsSection({ audits }: RunSummary): Html {
  const counts = new Map<string, number>();
  for (const { outcome } of audits) counts.set(outcome ?? 'open', (counts.get(outcome ?? 'open') ?? 0) + 1);
  const notable = audits.filter(({ outcome, verdicts }) => outcome !== 'passed' || verdicts.length > 1);
  const passed = audits.flatMap(({ outcome, verdicts }) =>
    outcome === 'passed' ? verdicts.flatMap(({ relativeError }) => relativeError ?? []) : [],
  );
  const greatest = passed.length === 0 ? null : Math.max(...passed);
  return html`<h2>Audits</h2>
    <p class="sub">
      ${audits.length} drawn: ${[...counts].map(([outcome, count]) => `${count} ${outcome}`).join(', ') || 'none'}. The
      greatest relative L2 error among those that passed: ${figure(greatest)}.
    </p>
    ${
      notable.length === 0
        ? html`<p class="empty">None needed a second auditor, and none failed.</p>`
        : auditTable(notable)
    }`;
}

const auditTable = (audits: readonly AuditLine[]): Html =>
  table(audits, [
    { title: 'audit', number: true, cell: ({ audit }) => String(audit) },
    { title: 'round', number: true, cell: ({ round }) => figure(round) },
    { title: 'worker', cell: ({ target }) => html`<code title="${target}">${shortPeer(target)}</code>` },
    { title: 'micro-batches', number: true, cell: ({ microBatches }) => figure(microBatches) },
    {
      title: 'outcome',
      cell: ({ outcome }) => html`<span class="${outcome === 'passed' ? 'good' : 'bad'}">${outcome ?? 'open'}</span>`,
    },
    { title: 'verdicts', cell: (line) => verdictText(line) },
    { title: 'why', cell: ({ reason }) => reason },
  ]);

export function paymentsSection({ epochs, workers }: RunSummary, { escrow }: RunResult): Html {
  if (epochs.length === 0 && escrow.depositedWei === '0')
    return html`<h2>Payments</h2>
      <p class="empty">Nothing is paid in this run.</p>`;
  const paid = workers.reduce((sum, { paidWei }) => sum + paidWei, 0n);
  return html`<h2>Payments</h2>
    <p class="sub">
      Deposited ${tokens(escrow.depositedWei)}, paid ${tokens(escrow.paidWei)} (${tokens(paid)} to the workers above),
      refunded ${tokens(escrow.refundedWei)} tokens.
    </p>
    ${table(epochs, [
      { title: 'epoch', number: true, cell: ({ epoch }) => String(epoch) },
      { title: 'promised in all', number: true, cell: ({ totalWei }) => tokens(totalWei) },
      { title: 'attestations', number: true, cell: ({ attestations }) => String(attestations) },
      {
        title: 'root',
        cell: ({ root }) => (root === null ? '–' : html`<code title="${root}">${shortHash(root)}</code>`),
      },
      {
        title: 'transaction',
        cell: ({ transaction, deferred }) =>
          transaction === null
            ? (deferred ?? 'not settled')
            : html`<code title="${transaction}">${shortHash(transaction)}</code>`,
      },
    ])}`;
}
