/** Journal facts as events for machines (`--json`), and as sentences for people. */
import type { RunFact } from '@murmuration/protocol';
import { factLine } from '@murmuration/protocol/projection';
import type { OutputEvent } from '../cli/output.ts';

/** `roundCommitted` → `round.committed`. */
const eventName = (type: string): string => type.replaceAll(/[A-Z]/g, (letter) => `.${letter.toLowerCase()}`);

/** Facts that only the journal needs: they say nothing that another event doesn't. */
const quiet: ReadonlySet<RunFact['type']> = new Set([
  'runStarted',
  'roundAssigned',
  'roundSealed',
  'auditDrawn',
  'auditVerdict',
]);

/** Lists of micro-batches become counts: a line must stay a line. */
const counted = (key: string, value: unknown): unknown =>
  key === 'microBatches' && Array.isArray(value) ? value.length : value;

/** The fact as one event; null for what would only make noise. The run's own end is told once, by `run.finished`. */
export function factEvent(fact: RunFact, at: number): OutputEvent | null {
  if (quiet.has(fact.type) || fact.type === 'runFinished') return null;
  const { type, ...fields } = JSON.parse(JSON.stringify(fact, counted)) as { type: string };
  return { event: eventName(type), at, ...fields };
}

/** What a terminal shows in its line of figures, tells in other words, or would repeat too often. */
const untold: ReadonlySet<RunFact['type']> = new Set([
  'runStarted',
  'runResumed',
  'memberReady',
  'epochClosed',
  'runFinished',
]);

/** The fact in words; null when it is not worth a line. */
export function factSentence(fact: RunFact): string | null {
  if (untold.has(fact.type) || (fact.type === 'auditClosed' && fact.outcome === 'passed')) return null;
  return factLine(fact)?.text ?? null;
}
