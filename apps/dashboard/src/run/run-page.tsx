/** A run to look at. */
import type { RunView } from '../api/merge.ts';
import { Curves } from './curves.tsx';
import { Events } from './events.tsx';
import { Figures } from './figures.tsx';
import { JoinCard } from './join-card.tsx';
import { MembersTable } from './members-table.tsx';
import { Rounds } from './rounds.tsx';
import { RunHeader } from './run-header.tsx';
import './curves.css';
import './rounds.css';
import './run.css';

const parts = { curves: 'Curves', rounds: 'Rounds', members: 'Members', events: 'Events', join: 'Take part' };

/** Links to the parts of the page: it is long on a phone. */
const Parts = () => (
  <nav class="parts no-print" aria-label="Parts of this page">
    <ul>
      {Object.entries(parts).map(([id, title]) => (
        <li key={id}>
          <a href={`#${id}`}>{title}</a>
        </li>
      ))}
    </ul>
  </nav>
);

export function RunPage({ view }: { readonly view: RunView }) {
  return (
    <>
      <RunHeader head={view.head} figures={view.figures} />
      {view.fault !== null && (
        <p class="trouble" role="alert">
          <strong>The journal cannot be read any further.</strong> {view.fault.message}
        </p>
      )}
      <Figures head={view.head} figures={view.figures} />
      <Parts />
      <Curves view={view} />
      <Rounds view={view} />
      <MembersTable view={view} />
      <div class="columns">
        <Events view={view} />
        <JoinCard />
      </div>
    </>
  );
}
