/** The volunteer's page, whatever state it is in. */
import { useRef } from 'preact/hooks';
import type { PageExamination, TabEnd } from '@murmuration/worker/browser';
import { ThemeChoice } from '../design/theme.tsx';
import { TopBar } from '../design/top-bar.tsx';
import { webgpuHelp } from './browser-help.ts';
import { Outcome } from './controls.tsx';
import { KeyPanel } from './key-panel.tsx';
import { LivePanel } from './live-panel.tsx';
import type { JoinModel } from './model.ts';
import { WhatItEarns, WhatItUses, WhatRuns } from './offer-panels.tsx';
import { hasWebGpu } from './page-state.ts';
import type { JoinWay, PageState, Stop } from './page-state.ts';
import { SettingsPanel } from './settings-panel.tsx';

export function JoinPage({ model }: { model: JoinModel }) {
  const offer = model.offer.value;
  const state = model.state.value;
  const open = state.kind === 'ready' || state.kind === 'working' || state.kind === 'token';
  return (
    <>
      <TopBar>
        <a href="/">See the run live</a>
        <ThemeChoice />
      </TopBar>
      <main class="page join" id="content" tabIndex={-1}>
        <h1>{offer === null ? 'Join a run' : `Train “${offer.name}” with this tab`}</h1>
        <Now model={model} state={state} />
        {offer !== null && open && (
          <>
            <div class="join-offer">
              <WhatRuns offer={offer} />
              <WhatItUses offer={offer} share={model.choices.value.share} />
              <WhatItEarns offer={offer} />
            </div>
            <SettingsPanel model={model} />
            <KeyPanel model={model} />
          </>
        )}
      </main>
      <p class="visually-hidden" role="status">
        {model.announcer.text.value}
      </p>
    </>
  );
}

function Now({ model, state }: { model: JoinModel; state: PageState }) {
  switch (state.kind) {
    case 'looking':
      return <p role="status">Asking the run and looking at what this browser can…</p>;
    case 'stopped':
      return <Stopped model={model} stop={state.stop} />;
    case 'token':
      return <TokenForm model={model} reason={state.reason} />;
    case 'ready':
      return <Ready model={model} ways={state.ways} returning={state.returning} />;
    case 'working':
      return <LivePanel model={model} status={state.status} />;
    case 'over':
      return <Over model={model} {...state} />;
    default:
      return null;
  }
}

function Stopped({ model, stop }: { model: JoinModel; stop: Stop }) {
  return (
    <section class="join-stop" role="alert" data-stop={stop.code}>
      <h2>{stop.title}</h2>
      <p>{stop.text}</p>
      {stop.action === 'reload' && (
        <button type="button" class="button" onClick={() => location.reload()}>
          Load the page again
        </button>
      )}
      {stop.action === 'ask again' && (
        <button type="button" class="button" onClick={() => void model.look()}>
          Ask again
        </button>
      )}
    </section>
  );
}

function TokenForm({ model, reason }: { model: JoinModel; reason: string }) {
  const field = useRef<HTMLInputElement>(null);
  return (
    <form
      class="join-stop"
      onSubmit={(event) => {
        event.preventDefault();
        model.useToken(field.current?.value ?? '');
      }}
    >
      <h2>An invitation is needed</h2>
      <p id="token-reason" role="alert">
        {reason}
      </p>
      <div class="join-field">
        <label for="token">Token or link</label>
        <input
          id="token"
          ref={field}
          class="mono"
          type="text"
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          aria-describedby="token-reason"
        />
      </div>
      <button type="submit" class="button primary">
        Use it
      </button>
    </form>
  );
}

function Ready({ model, ways, returning }: { model: JoinModel; ways: readonly JoinWay[]; returning: boolean }) {
  const examination = model.examination.value;
  const badPayout = (model.offer.value?.payment ?? null) !== null && model.payout.payout.value.problem !== null;
  return (
    <section class="join-hero" aria-label="Join">
      {returning && <p>You worked for this run before. You go on with the same key, and what it earned stays yours.</p>}
      <div class="join-row">
        {ways.map(({ backend, label }) => (
          <button
            key={backend}
            type="button"
            class="button primary"
            disabled={model.starting.value || badPayout}
            onClick={() => void model.join(backend)}
          >
            {label}
          </button>
        ))}
      </div>
      {ways.map(({ backend, note }) => (
        <p key={backend}>{note}</p>
      ))}
      {badPayout && <p class="join-bad">Mend the payout address below first, or clear it.</p>}
      <Outcome said={model.said.value} />
      {examination !== null && <Advice examination={examination} />}
    </section>
  );
}

/** What would make this tab faster. */
function Advice({ examination }: { examination: PageExamination }) {
  const { secure, advice } = examination;
  const missing = secure && !hasWebGpu(examination);
  const { own, others } = webgpuHelp(navigator.userAgent);
  return (
    <>
      {advice.length > 0 && (
        <ul class="join-advice">
          {advice.map(({ code, text }) => (
            <li key={code} data-advice={code}>
              {text}
            </li>
          ))}
        </ul>
      )}
      {missing && (
        <details>
          <summary>Use the GPU instead: how to switch on WebGPU</summary>
          {own !== null && (
            <p>
              {own.name} (yours): {own.steps}
            </p>
          )}
          <dl class="join-facts join-hint">
            {others.map(({ name, steps }) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{steps}</dd>
              </div>
            ))}
          </dl>
        </details>
      )}
    </>
  );
}

function Over({ model, end, title, again }: { model: JoinModel; end: TabEnd; title: string; again: boolean }) {
  const key = model.status.value?.peerId ?? null;
  const accepted = model.status.value?.accepted ?? 0;
  return (
    <section class="join-stop" role="alert" data-end={end.outcome}>
      <h2>{title}</h2>
      <p>{end.reason}</p>
      {accepted > 0 && (
        <p>
          {accepted === 1 ? 'One micro-batch' : `${accepted} micro-batches`} of this tab became part of the model. Thank
          you.
        </p>
      )}
      <div class="join-row">
        {again && (
          <button type="button" class="button primary" onClick={() => void model.look()}>
            Join again
          </button>
        )}
        {key !== null && <a href={`/members/${key}`}>Your page in this run</a>}
        <a href="/">The run</a>
      </div>
    </section>
  );
}
