/** One rank of the TCP ring as a process. */
import { serveRank, testVector } from '../all-reduce/rank.ts';
import { TcpRing } from './tcp-ring.ts';

await serveRank((settings) => TcpRing.open(settings, testVector(settings)), 'sum');
