/** The entry of the server's thread: a hostile request can take time from this thread alone, never from a round. */
import { parentPort, workerData } from 'node:worker_threads';
import { RunProjection } from '../dashboard/run-projection.ts';
import type { FromServer, ThreadOptions, ToServer } from './messages.ts';
import { PageService } from './page-service.ts';

const port = parentPort;
if (port === null) throw new Error('thread.ts is the entry of a worker thread.');
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
