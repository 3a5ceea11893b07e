/** The tab at work: what it is doing, what came of it, and what went wrong. */
import type { JoinOffer } from '@murmuration/protocol/dashboard';
import type { TabStatus } from '@murmuration/worker/browser';
import { NOTHING, bytes, count, duration, figure, shortHex, tokens } from '../design/format.ts';
import type { JoinModel } from './model.ts';
import type { Pace } from './pace.ts';
import { phaseNames } from './words.ts';

export function LivePanel({ model, status }: { model: JoinModel; status: TabStatus }) {
  const paused = status.phase === 'paused';
  return (
    <section class="join-live" aria-labelledby="phase" data-phase={status.phase}>
      <h2 id="phase">
        <span class={`join-dot join-dot-${status.phase}`} aria-hidden="true" /> {phaseNames[status.phase]}
      </h2>
      <p>{status.reason}</p>
      <Arrivals model={model} status={status} />
      <Figures status={status} offer={model.offer.value} />
      <Device status={status} />
      <div class="join-row">
        <button type="button" class="button" onClick={() => (paused ? model.resume() : model.pause())}>
          {paused ? 'Resume' : 'Pause'}
        </button>
        <button type="button" class="button" onClick={() => void model.leave()}>
          Leave the run
        </button>
        {status.peerId !== null && <a href={`/members/${status.peerId}`}>Your page in this run</a>}
      </div>
      <Problems status={status} />
    </section>
  );
}

/** What is still being fetched; nothing once all is here. */
function Arrivals({ model, status: { data, state, phase } }: { model: JoinModel; status: TabStatus }) {
  const fetching = phase === 'preparing' || phase === 'synchronising';
  return (
    <>
      {data !== null && data.received < data.bytes && (
        <Arrival id="data" what="Training data" pace={model.pace.data.pace(data.bytes)} {...data} />
      )}
      {state !== null && fetching && state.received < state.bytes && (
        <Arrival id="state" what="State of the model" pace={model.pace.state.pace(state.bytes)} {...state} />
      )}
    </>
  );
}

interface ArrivalProps {
  readonly id: string;
  readonly what: string;
  readonly received: number;
  readonly bytes: number;
  readonly pace: Pace | null;
}

function Arrival({ id, what, received, bytes: total, pace }: ArrivalProps) {
  const rate = pace === null ? '' : `, ${bytes(pace.rate)}/s, ${duration(pace.secondsLeft)} left`;
  return (
    <div class="join-arrival">
      <label for={`arrival-${id}`}>
        {what}: {bytes(received)} of {bytes(total)}
        {rate}
      </label>
      <progress id={`arrival-${id}`} max={total} value={received} />
    </div>
  );
}

function Figures({ status, offer }: { status: TabStatus; offer: JoinOffer | null }) {
  const payment = offer?.payment ?? null;
  const amount = (wei: string): string =>
    payment === null ? NOTHING : `${tokens(wei, payment.decimals)} ${payment.symbol}`;
  const rows: readonly (readonly [string, string, string])[] = [
    ['accepted', 'Micro-batches accepted', count(status.accepted)],
    ...(payment === null
      ? []
      : ([
          ['verified', 'Verified in closed epochs', count(status.verified)],
          ['earned', 'Earned', amount(status.earnedWei)],
          ['paid', 'Paid out', amount(status.paidWei)],
        ] as const)),
    ['round', 'Round', status.round === null ? NOTHING : count(status.round)],
    ['speed', 'Samples per second', status.samplesPerSecond === null ? NOTHING : count(status.samplesPerSecond)],
    ['loss', 'Loss', status.loss === null ? NOTHING : figure(status.loss)],
  ];
  return (
    <dl class="join-figures">
      {rows.map(([id, name, value]) => (
        <div key={id} data-figure={id}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Device({ status: { device, stateHash } }: { status: TabStatus }) {
  if (device === null) return null;
  const memory = device.memoryBytes === null ? '' : ` It takes ${bytes(device.memoryBytes)} of memory there.`;
  return (
    <p class="join-device">
      Computing with <strong>{device.backend}</strong> on <strong>{device.adapter}</strong>: {sentence(device.reason)}
      {memory}
      {stateHash !== null && (
        <>
          {' '}
          The model here stands at <span class="mono">{shortHex(stateHash)}</span>.
        </>
      )}
    </p>
  );
}

/** Reasons of the worker's come with a stop or without. */
const sentence = (text: string): string => (text.endsWith('.') ? text : `${text}.`);

function Problems({ status: { problems } }: { status: TabStatus }) {
  if (problems.length === 0) return null;
  return (
    <details class="join-problems" open={problems.length === 1}>
      <summary>{problems.length === 1 ? 'One problem' : `${problems.length} problems`}, and what to do</summary>
      <ul>
        {problems.toReversed().map(({ code, message }, i) => (
          <li key={problems.length - i}>
            {message} <span class="mono join-code">{code}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}
