/** One member of the product's own all-reduce as a process. */
import { CollectiveRank } from './collective-rank.ts';
import { serveRank, testVector } from './rank.ts';

const numerics = process.argv[2] === 'exact' ? 'exact' : 'fast';
await serveRank((settings) => CollectiveRank.open(settings, testVector(settings), numerics), 'mean');
