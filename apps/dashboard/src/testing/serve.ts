/**
 * `node src/testing/serve.ts [--port 8090] [--members 12] [--rounds 764] [--rate 2]`: the built pages with a made-up run
 * behind them that goes on at `rate` rounds a second.
 */
import { parseArgs } from 'node:util';
import { buildPages } from '../../build.ts';
import { MockRun } from './mock-run.ts';
import { MockServer } from './server.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '8090' },
    members: { type: 'string', default: '12' },
    rounds: { type: 'string', default: '764' },
    rate: { type: 'string', default: '2' },
  },
});

const run = new MockRun({ members: Number(values.members), rounds: Number(values.rounds) });
const server = await MockServer.start({ run, pages: await buildPages({ ifStale: true }), port: Number(values.port) });
process.stdout.write(`${server.origin}\n`);
await server.keepGoing(Number(values.rate));
