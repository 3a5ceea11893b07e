/** One member: who it is, what it did, and how its pay came about. */
import type { PeerId } from '@murmuration/protocol';
import { apiPaths } from '@murmuration/protocol/dashboard';
import type { MemberDetail } from '@murmuration/protocol/dashboard';
import { addressOf } from '../api/client.ts';
import { isGrowing } from '../api/merge.ts';
import type { RunView } from '../api/merge.ts';
import { useFetched } from '../design/fetched.ts';
import { NOTHING, compact, count, counted, milliseconds, moment, percent, shortHex, tokens } from '../design/format.ts';
import { PeerMark } from '../design/peer.tsx';
import { Badge, Copy, Empty, Figure, Section, Skeleton, Trouble } from '../design/pieces.tsx';
import { kindOf, lastSeenOf, shareOf, statusOf, trustOf } from '../run/member-words.ts';
import { arrive } from '../navigation.ts';
import { Audits } from './audits.tsx';
import { Epochs } from './epochs.tsx';
import { Work } from './work.tsx';
import './member.css';

/** Its row comes with the stream; the rest is asked for this often while the run goes on. */
const REFRESH_MS = 5000;

const backends: Readonly<Record<MemberDetail['backend'], string>> = {
  webgpu: 'WebGPU',
  onnx: 'onnxruntime on the CPU',
  exact: 'exact arithmetic on the CPU',
};

const classes: Readonly<Record<MemberDetail['adapter']['class'], string>> = {
  exact: 'exact: others re-execute its work and expect the same bits',
  tolerance: 'tolerance: others re-execute its work and expect a small relative error',
};

function Identity({ member, over }: { readonly member: MemberDetail; readonly over: boolean }) {
  const [status, tone] = statusOf(member, over);
  return (
    <header class="member-header">
      <PeerMark peerId={member.peerId} />
      <div>
        <p class="eyebrow">Member</p>
        <h1 class="mono" tabIndex={-1} ref={arrive}>
          {member.peerId}
          <Copy text={member.peerId} what="peer id" />
        </h1>
        <p class="phase">
          <Badge tone={tone}>{status}</Badge>
          <span class="quiet">
            joined {moment(member.joinedAt)}, {counted(member.rounds, 'round')}
          </span>
        </p>
      </div>
    </header>
  );
}

const Hex = ({ text, what }: { readonly text: string; readonly what: string }) => (
  <>
    <span class="mono" title={text}>
      {shortHex(text)}
    </span>
    <Copy text={text} what={what} />
  </>
);

const Who = ({ member }: { readonly member: MemberDetail }) => (
  <dl class="pairs">
    <dt>Adapter</dt>
    <dd>
      {member.adapter.name} <span class="quiet">({kindOf(member)})</span>
    </dd>
    <dt>Backend</dt>
    <dd>{backends[member.backend]}</dd>
    <dt>Class</dt>
    <dd>{classes[member.adapter.class]}</dd>
    <dt>Buckets</dt>
    <dd>{member.dialable ? 'can be dialled, may own buckets' : 'cannot be dialled, owns none'}</dd>
    <dt>Software</dt>
    <dd>{member.agent}</dd>
    <dt>Address</dt>
    <dd>
      <Hex text={member.address} what="address" />
    </dd>
    <dt>Payout</dt>
    <dd>
      {member.payout === member.address ? (
        <span class="quiet">the same address</span>
      ) : (
        <Hex text={member.payout} what="payout address" />
      )}
    </dd>
  </dl>
);

function Figures({ member, view }: { readonly member: MemberDetail; readonly view: RunView }) {
  const { payment } = view.head;
  return (
    <dl class="figures">
      <Figure
        label="Speed"
        value={
          <>
            {member.samplesPerSecond === null ? NOTHING : compact(member.samplesPerSecond)}{' '}
            <span class="unit">samples/s</span>
          </>
        }
        note={`${shareOf(member)} of the last round`}
      />
      <Figure
        label="Verified"
        value={count(member.verified)}
        note={`micro-batches, ${compact(member.samples)} samples`}
      />
      <Figure label="Forfeited" value={count(member.forfeited)} note="micro-batches without pay" />
      <Figure
        label="Audits passed"
        value={trustOf(member)}
        note={member.trust.rate === null ? 'none drawn yet' : `drawn at ${percent(member.trust.rate, 1)} of its rounds`}
      />
      {payment !== null && (
        <Figure
          label="Earned"
          value={
            <>
              {tokens(member.earnedWei, payment.decimals, 2)} <span class="unit">{payment.symbol}</span>
            </>
          }
          note={`${tokens(member.paidWei, payment.decimals, 2)} paid out`}
        />
      )}
      <Figure
        label="Computed for"
        value={milliseconds(member.computeMs)}
        note={`last seen ${lastSeenOf(member, view.figures)}`}
      />
    </dl>
  );
}

const Pay = ({ sentences }: { readonly sentences: readonly string[] }) =>
  sentences.length === 0 ? (
    <Empty>Nothing has been earned yet.</Empty>
  ) : (
    <ul class="sentences">
      {sentences.map((sentence) => (
        <li key={sentence}>{sentence}</li>
      ))}
    </ul>
  );

export function MemberPage({ peerId, view }: { readonly peerId: string; readonly view: RunView }) {
  const fresh = view.fresh.get(peerId as PeerId);
  const { answer, error, again } = useFetched<MemberDetail>(
    addressOf(apiPaths.member, { peerId }),
    isGrowing(view) ? REFRESH_MS : null,
    fresh,
  );
  const back = (
    <nav class="crumbs no-print" aria-label="Way back">
      <a href="/">
        <span aria-hidden="true">←</span> {view.head.name}
      </a>
    </nav>
  );
  if (answer === null) {
    return (
      <>
        {back}
        {error === null ? (
          <Skeleton lines={12} label="The member is being fetched" />
        ) : (
          <Trouble what="This member could not be fetched." error={error} retry={again} />
        )}
      </>
    );
  }
  const member: MemberDetail = fresh === undefined ? answer : { ...answer, ...fresh };
  return (
    <>
      {back}
      <Identity member={member} over={view.figures.outcome !== null} />
      {error !== null && (
        <Trouble what="What you see is what was last heard of this member." error={error} retry={again} />
      )}
      <Figures member={member} view={view} />
      <div class="columns even">
        <Section id="who" title="Who">
          <div class="panel">
            <Who member={member} />
          </div>
        </Section>
        <Section id="pay" title="Pay">
          <div class="panel">
            <Pay sentences={member.pay} />
          </div>
        </Section>
      </div>
      <Work peerId={member.peerId} rounds={view.figures.round} live={isGrowing(view)} sign={fresh} />
      <Audits audits={member.audits} closed={member.trust.passed + member.trust.failed} />
      <Epochs epochs={member.epochs} payment={view.head.payment} />
    </>
  );
}
