/** The volunteer's page: what the run is, and how to take part. */
import { render } from 'preact';
import { apiPaths } from '@murmuration/protocol/dashboard';
import type { JoinOffer } from '@murmuration/protocol/dashboard';
import { ask } from '../api/client.ts';

const root = document.querySelector('#app')!;
const offer = await ask<JoinOffer>(apiPaths.join);
render(
  <main>
    <h1>Join {offer.name}</h1>
    <p>{offer.model}</p>
    <p>{offer.reason}</p>
  </main>,
  root,
);
