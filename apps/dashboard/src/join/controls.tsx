/** Small parts that the panels share. */
import type { ComponentChildren } from 'preact';
import type { Said } from './said.ts';

/** A titled part of the page. */
export function Panel({ id, title, children }: { id: string; title: string; children: ComponentChildren }) {
  return (
    <section class="join-panel" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {children}
    </section>
  );
}

/** What came of an action, told to screen readers as it appears. */
export function Outcome({ said }: { said: Said | null }) {
  return (
    <p class={`join-said ${said?.ok === false ? 'join-bad' : 'join-good'}`} role="status">
      {said?.text ?? ''}
    </p>
  );
}
