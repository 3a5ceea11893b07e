/** The volunteer's page: what the run is, and how to take part. */
import { render } from 'preact';
import { browserEnvironment } from './environment.ts';
import { JoinPage } from './join-page.tsx';
import './join.css';
import { JoinModel } from './model.ts';

const model = new JoinModel(browserEnvironment());
render(<JoinPage model={model} />, document.querySelector('#app')!);
await model.look();
