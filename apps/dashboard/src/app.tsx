/** What stands around both pages: the bar with the run's standing, notices, and which page it is. */
import { useEffect, useErrorBoundary, useRef } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import { reconnect, run, setPaused } from './api/run-store.ts';
import type { StandingName } from './api/standing.ts';
import { Button } from './design/controls.tsx';
import { duration } from './design/format.ts';
import { LiveRegion, announce } from './design/live-region.tsx';
import { Badge, Empty, Skeleton, Trouble } from './design/pieces.tsx';
import type { Tone } from './design/pieces.tsx';
import { ThemeChoice } from './design/theme.tsx';
import { TopBar } from './design/top-bar.tsx';
import { MemberPage } from './member/member-page.tsx';
import { route } from './navigation.ts';
import { RunPage } from './run/run-page.tsx';

const tones: Readonly<Record<StandingName, Tone>> = {
  connecting: 'neutral',
  disconnected: 'bad',
  paused: 'warning',
  reading: 'info',
  live: 'good',
  finished: 'good',
  failed: 'bad',
  stopped: 'warning',
};

/** Standings that a person should hear of when they come. */
const announced: ReadonlySet<StandingName> = new Set(['disconnected', 'finished', 'failed']);

/** The seconds until the next try, counted down. */
function RetryCountdown({ retryAt }: { readonly retryAt: number }) {
  const now = useSignal(Date.now());
  useEffect(() => {
    const timer = setInterval(() => (now.value = Date.now()), 500);
    return () => clearInterval(timer);
  }, [now]);
  return <span class="quiet small">next try in {duration((retryAt - now.value) / 1000)}</span>;
}

function StandingBadge() {
  const { name, label, sentence } = run.standing.value;
  const link = run.link.value;
  const before = useRef<StandingName>('connecting');
  useEffect(() => {
    // A run that was over before the page was opened is no news.
    if (announced.has(name) && before.current !== 'connecting')
      announce(sentence, name === 'finished' ? 'good' : 'bad');
    before.current = name;
  }, [name, sentence]);
  return (
    <div class="standing" title={sentence}>
      <Badge tone={tones[name]}>{label}</Badge>
      {name === 'disconnected' && link.is === 'waiting' && (
        <>
          <RetryCountdown retryAt={link.retryAt} />
          <Button onClick={reconnect}>Try now</Button>
        </>
      )}
      {(name === 'live' || name === 'paused') && (
        <Button onClick={() => setPaused(name === 'live')}>{name === 'live' ? 'Pause' : 'Go on'}</Button>
      )}
    </div>
  );
}

/** A part that cannot be drawn is said to be so, and the bar above it stays. */
function Guarded() {
  const [error, again] = useErrorBoundary();
  return error === undefined ? (
    <Content />
  ) : (
    <Trouble what="This page could not be drawn." error={error as Error} retry={again} />
  );
}

function Content() {
  const view = run.view.value;
  const at = route.value;
  if (at.page === 'none')
    return <Empty>There is no such page. The run is at the address without anything behind it.</Empty>;
  if (view === null) {
    const trouble = run.trouble.value;
    return trouble === null ? (
      <Skeleton lines={12} label="The run is being fetched" />
    ) : (
      <Trouble what="The run could not be fetched." error={trouble} retry={reconnect} />
    );
  }
  return at.page === 'run' ? <RunPage view={view} /> : <MemberPage key={at.peerId} peerId={at.peerId} view={view} />;
}

export function App() {
  const name = run.view.value?.head.name;
  useEffect(() => {
    document.title = [route.value.page === 'member' ? 'Member' : null, name, 'Murmuration'].filter(Boolean).join(' · ');
  }, [name, route.value]);
  return (
    <>
      <TopBar>
        <StandingBadge />
        <ThemeChoice />
      </TopBar>
      <main id="content" class="page" tabIndex={-1}>
        <Guarded />
      </main>
      <LiveRegion />
    </>
  );
}
