/** The entry of the server's thread: a hostile request can take time from this thread alone, never from a round. */
import { constants, getPriority, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { RunProjection } from '../dashboard/run-projection.ts';
import type { FromServer, ThreadOptions, ToServer } from './messages.ts';
import { PageService } from './page-service.ts';

/** On a busy processor about a third of what another thread gets: Linux halves a thread's share every three steps or so. */
const YIELDED_STEPS = 5;

/**
 * Where workers fill the machine, a flood of requests would slow their rounds. It is a step back and not the last place: tabs
 * take part in rounds through this thread.
 */
function yieldToRounds(): void {
  // Only Linux has priorities of threads; elsewhere 0 is the whole process.
  if (process.platform !== 'linux') return;
  try {
    setPriority(0, Math.min(constants.priority.PRIORITY_LOW, getPriority(0) + YIELDED_STEPS));
  } catch {
    // A sandbox may forbid it: the pages then have an equal share.
  }
}

const port = parentPort;
if (port === null) throw new Error('thread.ts is the entry of a worker thread.');
const options = workerData as ThreadOptions;
if (options.besideRounds) yieldToRounds();
const service = new PageService(options, {
  openView: (directory) => RunProjection.open(directory),
  post: (message: FromServer) => port.postMessage(message),
});
port.on('message', (message: ToServer) => {
  if (message.type !== 'close') service.handle(message);
  // Nothing holds the thread after that, so it ends by itself.
  else void service.close().then(() => port.close());
});
await service.start();
