/** What run this is, where it stands and why, and how far it has come. */
import type { RunFigures, RunHead, RunPhase } from '@murmuration/protocol/dashboard';
import { capital, count, duration, moment, percent, shortHex } from '../design/format.ts';
import { arrive } from '../navigation.ts';
import { Badge, Copy, Meter } from '../design/pieces.tsx';
import type { Tone } from '../design/pieces.tsx';

const phases: Readonly<Record<RunPhase, readonly [words: string, tone: Tone]>> = {
  gathering: ['Gathering members', 'info'],
  training: ['Training', 'good'],
  evaluating: ['Evaluating', 'info'],
  closing: ['Closing', 'info'],
  over: ['Over', 'neutral'],
};

const outcomes: Readonly<Record<NonNullable<RunFigures['outcome']>['outcome'], readonly [words: string, tone: Tone]>> =
  {
    finished: ['Finished', 'good'],
    failed: ['Failed', 'bad'],
    drained: ['Drained', 'warning'],
  };

function Progress({ head, figures }: { readonly head: RunHead; readonly figures: RunFigures }) {
  const part = head.targetRounds === 0 ? 1 : figures.round / head.targetRounds;
  const left = figures.secondsLeft;
  return (
    <div class="progress">
      <p class="progress-line">
        <span>
          Round <strong>{count(figures.round)}</strong> of {count(head.targetRounds)}
        </span>
        <span class="quiet">
          {percent(part, part < 0.1 ? 1 : 0)}
          {figures.outcome === null && left !== null && ` · about ${duration(left)} left`}
        </span>
      </p>
      <Meter label="Rounds committed" part={part} text={percent(part)} />
    </div>
  );
}

export function RunHeader({ head, figures }: { readonly head: RunHead; readonly figures: RunFigures }) {
  const [phase, tone] = figures.outcome === null ? phases[figures.phase] : outcomes[figures.outcome.outcome];
  return (
    <header class="run-header">
      <div class="run-title">
        <h1 tabIndex={-1} ref={arrive}>
          {head.name}
        </h1>
        <p class="quiet">{head.model}</p>
        <ul class="facts">
          <li>
            run <span class="mono">{head.runId}</span>
            <Copy text={head.runId} what="run id" />
          </li>
          <li>{head.numerics === 'exact' ? 'exact numerics' : 'fast numerics'}</li>
          <li>started {moment(head.startedAt)}</li>
          {figures.stateHash !== null && (
            <li>
              state <span class="mono">{shortHex(figures.stateHash)}</span>
              <Copy text={figures.stateHash} what="state hash" />
            </li>
          )}
        </ul>
      </div>
      <div class="run-state">
        <p class="phase">
          <Badge tone={tone}>{phase}</Badge>
          <span class="phase-reason">{capital(figures.outcome?.reason ?? figures.reason)}</span>
        </p>
        <Progress head={head} figures={figures} />
      </div>
    </header>
  );
}
