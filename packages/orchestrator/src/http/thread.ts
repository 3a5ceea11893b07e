/** The entry of the server's thread: a hostile request can take time from this thread alone, never from a round. */
import { constants, getPriority, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { RunProjection } from '../dashboard/run-projection.ts';
import type { FromServer, ThreadOptions, ToServer } from './messages.ts';
import { PageService } from './page-service.ts';

/** Pages take the processor time that rounds leave: on a machine that workers fill, a flood of requests else slows them. */
function yieldToRounds(): void {
  // Only Linux has priorities of threads; elsewhere 0 is the whole process.
  if (process.platform !== 'linux') return;
  try {
    const { PRIORITY_BELOW_NORMAL: less, PRIORITY_LOW: least } = constants.priority;
    setPriority(0, Math.min(least, getPriority(0) + less));
  } catch {
    // A sandbox may forbid it: the pages then have an equal share.
  }
}

const port = parentPort;
if (port === null) throw new Error('thread.ts is the entry of a worker thread.');
yieldToRounds();
const service = new PageService(workerData as ThreadOptions, {
  openView: (directory) => RunProjection.open(directory),
  post: (message: FromServer) => port.postMessage(message),
});
port.on('message', (message: ToServer) => {
  if (message.type !== 'close') service.handle(message);
  // Nothing holds the thread after that, so it ends by itself.
  else void service.close().then(() => port.close());
});
await service.start();
