/** The run page and the member page: one document, told apart by its address. */
import { render } from 'preact';
import { apiPaths } from '@murmuration/protocol/dashboard';
import type { RunSnapshot } from '@murmuration/protocol/dashboard';
import { ask } from './api/client.ts';

const root = document.querySelector('#app')!;
const { head, figures } = await ask<RunSnapshot>(apiPaths.run);
render(
  <main>
    <h1>{head.name}</h1>
    <p>{head.model}</p>
    <p>
      Round {figures.round} of {head.targetRounds}: {figures.reason}
    </p>
  </main>,
  root,
);
