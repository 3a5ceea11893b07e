/** The run page and the member page: one document, told apart by its address. */
import { render } from 'preact';
import { watchRun } from './api/run-store.ts';
import { App } from './app.tsx';
import { followLinks } from './navigation.ts';

followLinks();
watchRun();
render(<App />, document.querySelector('#app')!);
