/** Shows a session: figures and sentences for people, events for machines, lines for `metrics.jsonl`. */
import type { JournalEntry } from '@murmuration/protocol';
import type { FiguresFold } from '@murmuration/protocol/projection';
import type { Output } from '../cli/output.ts';
import type { SessionObserver } from '../coordinator/session.ts';
import type { MetricsWriter } from '../store/metrics.ts';
import { factEvent, factSentence } from './facts.ts';
import type { ProgressView } from './terminal.ts';

export interface ObserverParts {
  readonly output: Output;
  readonly view: ProgressView;
  readonly metrics: MetricsWriter;
  readonly live: FiguresFold;
  /** The pages, which follow the journal too. */
  readonly served: { grew(): void } | null;
}

function writeMetrics(metrics: MetricsWriter, live: FiguresFold, { event, facts }: JournalEntry): void {
  for (const fact of facts) {
    if (fact.type === 'roundCommitted') {
      const { round, trainLoss, gradientNorm, milliseconds, members, samples } = fact;
      const rate = live.figures.samplesPerSecond;
      metrics.write({
        at: event.at,
        round: round + 1,
        metrics: {
          'train/loss': trainLoss,
          'train/gradient_norm': gradientNorm,
          'round/milliseconds': milliseconds,
          'round/members': members,
          'round/samples': samples,
          ...(rate === null ? {} : { 'round/samples_per_second': rate }),
        },
      });
    }
    if (fact.type === 'evaluated')
      metrics.write({
        at: event.at,
        round: fact.round,
        metrics: { 'eval/loss': fact.loss, 'eval/accuracy': fact.accuracy },
      });
  }
}

export function createObserver({ output, view, metrics, live, served }: ObserverParts): SessionObserver {
  return {
    entry: (entry) => {
      live.add(entry);
      for (const fact of entry.facts) {
        const event = factEvent(fact, entry.event.at);
        if (event !== null) output.event(event);
        const sentence = factSentence(fact);
        if (sentence !== null) view.say(sentence);
      }
      writeMetrics(metrics, live, entry);
      served?.grew();
      view.show({ ...live.figures, target: live.target }, entry.event.at);
    },
    listening: (addresses) => {
      output.event({ event: 'run.listening', addresses });
      for (const address of addresses) view.say(`join with: orchestrate join ${address}`);
    },
    spawned: (workers) => output.event({ event: 'workers.spawned', workers }),
    workerEnded: ({ index, pid, code, signal, log }) => {
      output.event({ event: 'worker.ended', index, pid, code, signal });
      if (code !== 0) view.say(`worker ${index} ended with ${signal ?? `exit code ${code}`} (see ${log})`);
    },
    notice: (line) => {
      output.event({ event: 'notice', line });
    },
  };
}
