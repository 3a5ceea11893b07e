/** Small things that pages are made of: badges, figures, copied text, and what stands where there is nothing to show. */
import type { ComponentChildren } from 'preact';
import { useSignal } from '@preact/signals';
import { Button } from './controls.tsx';
import { announce } from './live-region.tsx';

export type Tone = 'neutral' | 'good' | 'warning' | 'bad' | 'info';

/** A word on a wash of its tone; the mark before it tells tones apart without colour. */
export const Badge = ({
  tone = 'neutral',
  children,
}: {
  readonly tone?: Tone;
  readonly children: ComponentChildren;
}) => <span class={`badge tone-${tone}`}>{children}</span>;

interface FigureProps {
  readonly label: string;
  readonly value: ComponentChildren;
  /** Small print under it. */
  readonly note?: ComponentChildren;
}

/** One figure of a list: what it is, how much, and what to know about it. */
export const Figure = ({ label, value, note }: FigureProps) => (
  <div class="figure">
    <dt>{label}</dt>
    <dd>
      <span class="figure-value">{value}</span>
      {note !== undefined && <span class="figure-note">{note}</span>}
    </dd>
  </div>
);

/** How far something is, 0 to 1, as a bar with words for those who can't see it. */
export const Meter = ({
  label,
  part,
  text,
}: {
  readonly label: string;
  readonly part: number;
  readonly text: string;
}) => (
  <progress class="meter" aria-label={label} max={1} value={Math.max(0, Math.min(1, part))}>
    {text}
  </progress>
);

interface CopyProps {
  /** What is copied. */
  readonly text: string;
  /** What it is called: `Copy peer id`. */
  readonly what: string;
}

export function Copy({ text, what }: CopyProps) {
  const copied = useSignal(false);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      announce(`This browser lets no page write to the clipboard here. Mark the ${what} and copy it yourself.`, 'bad');
      return;
    }
    copied.value = true;
    announce(`Copied the ${what}.`, 'good');
    setTimeout(() => (copied.value = false), 1500);
  };
  return (
    <button
      type="button"
      class="copy no-print"
      aria-label={`Copy ${what}`}
      title={`Copy ${what}`}
      onClick={() => void copy()}
    >
      <svg viewBox="0 0 16 16" aria-hidden="true">
        {copied.value ? <path d="M3 8.5l3.2 3.2L13 4.8" /> : <path d="M6 5.5h6.5v8H6zM10 5.5v-3H3.5v8H6" />}
      </svg>
    </button>
  );
}

interface SectionProps {
  /** Where links in the page point to. */
  readonly id: string;
  readonly title: string;
  readonly note?: ComponentChildren;
  /** Beside the heading. */
  readonly tools?: ComponentChildren;
  readonly children: ComponentChildren;
}

export const Section = ({ id, title, note, tools, children }: SectionProps) => (
  <section class="section" id={id} aria-labelledby={`${id}-title`}>
    <header class="section-head">
      <h2 id={`${id}-title`}>{title}</h2>
      {note !== undefined && <p class="section-note">{note}</p>}
      {tools !== undefined && <div class="section-tools no-print">{tools}</div>}
    </header>
    {children}
  </section>
);

/** Says that there is nothing, and when there will be. */
export const Empty = ({ children }: { readonly children: ComponentChildren }) => <p class="empty">{children}</p>;

/** What went wrong, in the words of whoever refused, and a way to try again. */
export const Trouble = ({
  what,
  error,
  retry,
}: {
  readonly what: string;
  readonly error: Error;
  readonly retry: () => void;
}) => (
  <div class="trouble" role="alert">
    <p>
      <strong>{what}</strong> {error.message}
    </p>
    <Button onClick={retry}>Try again</Button>
  </div>
);

/** Room for lines that are on their way. */
export const Skeleton = ({ lines, label }: { readonly lines: number; readonly label: string }) => (
  <div class="skeleton" role="status" aria-label={label}>
    {Array.from({ length: lines }, (_, line) => (
      <span key={line} />
    ))}
  </div>
);
