/** What this member gives to others on request: state chunks, sealed buckets, its own contributions to their auditors. */
import type { FetchRequest, RunId } from '@murmuration/protocol';
import { missing, type FetchAnswer } from '@murmuration/protocol/net-core';
import type { BucketCut } from '../collective/bucket-cut.ts';
import { provenBucket, type OwnContributions } from '../collective/own-contributions.ts';
import type { ReducedBuckets } from '../collective/reduced-buckets.ts';
import type { KeptStates } from './kept-states.ts';
import { chunkOf, type Replica } from './replica.ts';

export interface Shelf {
  readonly runId: RunId;
  readonly cut: BucketCut;
  readonly replica: Replica;
  readonly kept: KeptStates;
  readonly own: OwnContributions;
  readonly reduced: ReducedBuckets;
}

type RequestOf<T extends FetchRequest['type']> = Extract<FetchRequest, { type: T }>;

/** Answers one request; `shelf` is null while this member is in no run. */
export function answerFetch(shelf: Shelf | null, request: FetchRequest): FetchAnswer {
  if (shelf === null || request.runId !== shelf.runId) return missing('this member is not in that run');
  if (request.type === 'state') return stateChunk(shelf, request);
  return request.type === 'reduced' ? sealedBucket(shelf, request) : ownBucket(shelf, request);
}

function stateChunk({ kept, replica }: Shelf, { round, chunk }: RequestOf<'state'>): FetchAnswer {
  if (chunk >= replica.chunks) return missing(`the state has ${replica.chunks} chunks`);
  const copy = kept.stateAt(round);
  if (copy !== null) return ok(chunkOf(copy.bytes, chunk), copy.tree.proof(chunk), copy.bytes.length);
  const present = replica.chunk(round, chunk);
  return present === null
    ? missing(`the state at round ${round} is not kept here`)
    : ok(present.bytes, present.proof, replica.byteLength);
}

function sealedBucket({ reduced }: Shelf, { round, hash }: RequestOf<'reduced'>): FetchAnswer {
  const bytes = reduced.sealed(round, hash);
  return bytes === null ? missing(`round ${round} is not kept here`) : ok(bytes, [], bytes.length);
}

function ownBucket({ own, cut }: Shelf, { round, root, bucket }: RequestOf<'contribution'>): FetchAnswer {
  const contribution = own.find(round, root);
  if (contribution === null || !cut.has(bucket))
    return missing(`no contribution to round ${round} with that root is kept here`);
  const { bytes, proof } = provenBucket(contribution, cut, bucket);
  return ok(bytes, proof, contribution.values.byteLength);
}

const ok = (body: Uint8Array, proof: FetchProof, total: number): FetchAnswer => ({
  response: { type: 'ok', proof, total },
  body,
});
type FetchProof = Extract<FetchAnswer['response'], { type: 'ok' }>['proof'];
