/** `@murmuration/dashboard/testing`: the pages with a made-up run behind them. */
export { MockRun } from './mock-run.ts';
export { MockServer } from './server.ts';
