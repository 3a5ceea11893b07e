/** A thread's side of the pool: answers requests in order. The same in Node and in a browser. */
import type { ThreadReply, ThreadRequest } from './messages.ts';
import { ThreadRunner } from './runner.ts';

/** Answers to requests; null where none is expected. */
export function threadServer(): (request: ThreadRequest) => ThreadReply | null {
  const runners = new Map<number, ThreadRunner>();
  const opened = (request: Extract<ThreadRequest, { kind: 'open' }>): ThreadReply => {
    runners.set(request.id, new ThreadRunner(request.program, request.thread));
    return {};
  };
  const ran = (request: Extract<ThreadRequest, { kind: 'run' }>): ThreadReply => {
    const failed = runners.get(request.id)?.run(request.list);
    return failed === undefined ? {} : { failed };
  };
  return (request) => {
    if (request.kind === 'close') {
      runners.delete(request.id);
      return null;
    }
    try {
      return request.kind === 'open' ? opened(request) : ran(request);
    } catch (error) {
      return { failed: String(error) };
    }
  };
}
