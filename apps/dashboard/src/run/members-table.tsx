/**
 * The members: a page of rows from the server, sorted and searched there, with what changed since laid over it. So a
 * thousand members cost the page no more than fifty.
 */
import type { ComponentChildren } from 'preact';
import { useSignal } from '@preact/signals';
import { apiLimits, apiPaths } from '@murmuration/protocol/dashboard';
import type { MemberRow, MemberSort, Page, RunHead } from '@murmuration/protocol/dashboard';
import { addressOf } from '../api/client.ts';
import { isGrowing } from '../api/merge.ts';
import type { RunView } from '../api/merge.ts';
import { Pager } from '../design/controls.tsx';
import { useFetched } from '../design/fetched.ts';
import { NOTHING, amount, compact, count, counted } from '../design/format.ts';
import { memo } from '../design/memo.ts';
import { PeerLink } from '../design/peer.tsx';
import { Badge, Empty, Section, Skeleton, Trouble } from '../design/pieces.tsx';
import { kindOf, lastSeenOf, shareOf, statusOf, statuses, trustOf } from './member-words.ts';

const LIMIT = 25;
/** Rows that changed are shown at once; whether others belong on this page by now is asked this often. */
const REFRESH_MS = 5000;

/** What a row's cells need besides the row. */
interface RowContext {
  readonly payment: RunHead['payment'];
  /** The run is over. */
  readonly over: boolean;
  /** When the member was last seen, in words. */
  readonly seen: string;
}

interface Column {
  readonly title: string;
  readonly sort?: MemberSort;
  /** Numbers stand at the right. */
  readonly number?: true;
  /** Left out where there is little room; the first cell and the member's page say it too. */
  readonly wide?: true;
  readonly cell: (row: MemberRow, context: RowContext) => ComponentChildren;
}

const columns: readonly Column[] = [
  {
    title: 'Status',
    sort: 'status',
    wide: true,
    cell: (row, { over }) => {
      const [words, tone] = statusOf(row, over);
      return <Badge tone={tone}>{words}</Badge>;
    },
  },
  {
    title: 'Adapter',
    wide: true,
    cell: (row) => (
      <>
        <span class="adapter" title={row.adapter.name}>
          {row.adapter.name}
        </span>
        <span class="small quiet">
          {row.backend} · {kindOf(row)}
        </span>
      </>
    ),
  },
  {
    title: 'Class',
    wide: true,
    cell: ({ adapter }) => (
      <span title={adapter.class === 'exact' ? 'audited by equality' : 'audited by relative error'}>
        {adapter.class}
      </span>
    ),
  },
  {
    title: 'Samples/s',
    sort: 'speed',
    number: true,
    cell: ({ samplesPerSecond }) => (samplesPerSecond === null ? NOTHING : compact(samplesPerSecond)),
  },
  { title: 'Share', sort: 'share', number: true, wide: true, cell: shareOf },
  { title: 'Audits passed', sort: 'trust', number: true, wide: true, cell: trustOf },
  {
    title: 'Verified',
    sort: 'verified',
    number: true,
    wide: true,
    cell: ({ verified, forfeited }) => (
      <>
        {count(verified)}
        {forfeited > 0 && <span class="small tone-bad">{count(forfeited)} forfeited</span>}
      </>
    ),
  },
  {
    title: 'Earned',
    sort: 'earned',
    number: true,
    cell: ({ earnedWei }, { payment }) => (payment === null ? NOTHING : amount(earnedWei, payment.decimals)),
  },
  {
    title: 'Last seen',
    sort: 'lastSeen',
    number: true,
    wide: true,
    cell: (_, { seen }) => seen,
  },
];

const statusOrder = Object.keys(statuses);

/** What rows are sorted by, as the server does it: those that changed since keep their place among the others. */
const sortKeys: Readonly<Record<MemberSort, (row: MemberRow) => number>> = {
  // Among equals the fastest first.
  status: (row) => (row.samplesPerSecond ?? 0) - 1e12 * statusOrder.indexOf(row.status),
  speed: (row) => row.samplesPerSecond ?? -1,
  share: (row) => row.share,
  verified: (row) => row.verified,
  earned: (row) => Number(row.earnedWei),
  lastSeen: (row) => row.lastSeenAt,
  trust: (row) => row.trust.passed - row.trust.failed,
};

const inOrder = (rows: readonly MemberRow[], { sort, descending }: Order): readonly MemberRow[] =>
  rows.toSorted((a, b) => (sortKeys[sort](a) - sortKeys[sort](b)) * (descending ? -1 : 1));

interface Order {
  readonly sort: MemberSort;
  readonly descending: boolean;
}

interface HeadProps {
  readonly column: Column;
  readonly order: Order;
  readonly symbol: string | undefined;
  readonly onSort: (order: Order) => void;
}

function HeadCell({ column, order, symbol, onSort }: HeadProps) {
  const { title, sort, number, wide } = column;
  const place = `${number ? 'number' : ''} ${wide ? 'wide' : ''}`;
  const words = sort === 'earned' && symbol !== undefined ? `${title}, ${symbol}` : title;
  if (sort === undefined)
    return (
      <th class={place} scope="col">
        {words}
      </th>
    );
  const sorted = sort === order.sort;
  const direction = order.descending ? 'descending' : 'ascending';
  return (
    <th class={place} scope="col" {...(sorted && { 'aria-sort': direction })}>
      <button type="button" onClick={() => onSort({ sort, descending: !(sorted && order.descending) })}>
        {words}
        <span class="sort-mark" aria-hidden="true">
          {sorted ? (order.descending ? '↓' : '↑') : '↕'}
        </span>
      </button>
    </th>
  );
}

/** The member, and on narrow screens what has no column there. */
const NameCell = ({ row, over }: { readonly row: MemberRow; readonly over: boolean }) => (
  <th scope="row">
    <PeerLink peerId={row.peerId} />
    <span class="small quiet narrow">
      {(row.status !== 'ready' || (row.suspendedUntil !== null && !over)) && `${statusOf(row, over)[0]} · `}
      {row.adapter.name}
    </span>
  </th>
);

const Row = memo(({ row, ...context }: RowContext & { readonly row: MemberRow }) => (
  <tr>
    <NameCell row={row} over={context.over} />
    {columns.map(({ title, number, wide, cell }) => (
      <td key={title} class={`${number ? 'number' : ''} ${wide ? 'wide' : ''}`}>
        {cell(row, context)}
      </td>
    ))}
  </tr>
));

/** Sentences for an empty table: nobody yet, or nobody by that name. */
const emptyWords = (find: string): string =>
  find === ''
    ? 'Nobody has joined yet. The first member is shown here as soon as it says hello.'
    : `No member’s peer id, address, adapter or agent contains “${find}”.`;

export function MembersTable({ view }: { readonly view: RunView }) {
  const order = useSignal<Order>({ sort: 'status', descending: true });
  const find = useSignal('');
  const offset = useSignal(0);
  const { sort, descending } = order.value;
  const query = { sort, descending, offset: offset.value, limit: LIMIT, find: find.value.trim() };
  const { answer, error, again } = useFetched<Page<MemberRow>>(
    addressOf(apiPaths.members, {}, query),
    isGrowing(view) ? REFRESH_MS : null,
  );

  const shown = inOrder(answer?.rows.map((row) => view.fresh.get(row.peerId) ?? row) ?? [], order.value);
  const search = (
    <label class="field">
      <span class="visually-hidden">Find members</span>
      <input
        type="search"
        placeholder="Find by id, address, adapter"
        value={find.value}
        maxLength={apiLimits.find}
        onInput={(event) => {
          find.value = event.currentTarget.value;
          offset.value = 0;
        }}
      />
    </label>
  );
  const sortBy = (next: Order): void => {
    order.value = next;
    offset.value = 0;
  };

  return (
    <Section
      id="members"
      title="Members"
      note={`${counted(view.memberCount, 'member')} over the whole run`}
      tools={search}
    >
      {error !== null && <Trouble what="The members could not be fetched." error={error} retry={again} />}
      {answer === null && error === null && <Skeleton lines={8} label="Members are being fetched" />}
      {answer !== null && answer.rows.length === 0 && <Empty>{emptyWords(query.find)}</Empty>}
      {answer !== null && answer.rows.length > 0 && (
        <div class="table-frame" role="region" aria-label="Table of members" tabIndex={0}>
          <table class="table members">
            <caption class="visually-hidden">
              Members, {counted(answer.total, 'row')}; buttons in the head sort them
            </caption>
            <thead>
              <tr>
                <th scope="col">Member</th>
                {columns.map((column) => (
                  <HeadCell
                    key={column.title}
                    column={column}
                    order={order.value}
                    symbol={view.head.payment?.symbol}
                    onSort={sortBy}
                  />
                ))}
              </tr>
            </thead>
            <tbody>
              {shown.map((row) => (
                <Row
                  key={row.peerId}
                  row={row}
                  payment={view.head.payment}
                  over={view.figures.outcome !== null}
                  seen={lastSeenOf(row, view.figures)}
                />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {answer !== null && (
        <Pager
          of="members"
          offset={offset.value}
          limit={LIMIT}
          total={answer.total}
          onChange={(next) => (offset.value = next)}
        />
      )}
    </Section>
  );
}
