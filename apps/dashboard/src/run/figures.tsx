/** The figures that a run is watched by. */
import type { RunFigures, RunHead } from '@murmuration/protocol/dashboard';
import { NOTHING, bytes, compact, count, figure, milliseconds, percent, tokens } from '../design/format.ts';
import { Figure, Meter } from '../design/pieces.tsx';

const orNothing = (value: number | null, words: (value: number) => string): string =>
  value === null ? NOTHING : words(value);

/** Amounts of the size that the job is about need no more than four places. */
function Money({ head, figures }: { readonly head: RunHead; readonly figures: RunFigures }) {
  if (head.payment === null) return <Figure label="Pay" value="None" note="members train for nothing" />;
  const { decimals, symbol } = head.payment;
  return (
    <Figure
      label="Earned by members"
      value={
        <>
          {tokens(figures.spentWei, decimals, 2)} <span class="unit">{symbol}</span>
        </>
      }
      note={`of ${tokens(figures.committedWei, decimals, 2)} for the whole job`}
    />
  );
}

export function Figures({ head, figures }: { readonly head: RunHead; readonly figures: RunFigures }) {
  const { evaluation } = figures;
  return (
    <dl class="figures">
      <Figure
        label="Training loss"
        value={orNothing(figures.trainLoss, figure)}
        note={`${compact(figures.samples)} samples so far`}
      />
      <Figure
        label="Accuracy, held out"
        value={evaluation === null ? NOTHING : percent(evaluation.accuracy, 1)}
        note={
          evaluation === null
            ? 'not evaluated yet'
            : `loss ${figure(evaluation.loss)} at round ${count(evaluation.round)}`
        }
      />
      <Figure
        label="Speed"
        value={
          <>
            {orNothing(figures.samplesPerSecond, compact)} <span class="unit">samples/s</span>
          </>
        }
        note={`${orNothing(figures.roundMs, milliseconds)} a round`}
      />
      <Figure
        label="Utilisation"
        value={orNothing(figures.utilisation, (part) => percent(part))}
        note={
          figures.utilisation === null ? (
            'of the members’ time'
          ) : (
            <Meter
              label="Part of the members’ time that they compute in"
              part={figures.utilisation}
              text={percent(figures.utilisation)}
            />
          )
        }
      />
      <Figure label="Traffic" value={orNothing(figures.bytesPerRound, bytes)} note="gradients a round, all members" />
      <Figure
        label="Members"
        value={count(figures.members)}
        note={figures.restarts === 0 ? 'in the run now' : `coordinator restarted ${figures.restarts} times`}
      />
      <Money head={head} figures={figures} />
    </dl>
  );
}
