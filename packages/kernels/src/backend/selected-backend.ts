/** A backend with the reason why it was taken: what a person reads when a worker starts. */
import { debug, graphText } from '../debug.ts';
import type { Backend } from './backend.ts';

/** A backend that says why it was taken. Where two were opened, name, adapter and reason are final after the first compile. */
export interface SelectedBackend extends Backend {
  /** One sentence. */
  readonly reason: string;
}

export const withReason = (backend: Backend, reason: string): SelectedBackend => ({
  name: backend.name,
  adapter: backend.adapter,
  reason,
  compile: (program, options) => {
    debug('graph', () => graphText(backend.name, { train: program.train, evaluate: program.evaluate }));
    return backend.compile(program, options);
  },
  close: () => backend.close(),
});
