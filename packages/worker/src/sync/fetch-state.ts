/** Downloads from other members: a whole state, or sealed reduced buckets. All of it is checked by hash before it counts. */
import {
  leafHash,
  STATE_CHUNK_BYTES,
  verifyTensorProof,
  type Bucket,
  type Hash,
  type MemberInfo,
  type Round,
  type RunId,
  type Sync,
} from '@murmuration/protocol';
import { fastSha256, type MurmurationNode } from '@murmuration/protocol/net-core';
import type { BucketCut } from '../collective/bucket-cut.ts';
import { fetchParts, type Part } from './sources.ts';

export interface Download {
  readonly node: MurmurationNode;
  readonly runId: RunId;
  readonly signal?: AbortSignal;
  /** Told of the bytes that are here and checked, each twentieth of the whole. */
  readonly onProgress?: (received: number) => void;
}

const PROGRESS_STEPS = 20;

/**
 * The state that `sync` names, `[byteLength]` bytes.
 * @throws UnavailableError
 */
export async function fetchState(
  { node, runId, signal, onProgress }: Download,
  sync: Sync,
  byteLength: number,
): Promise<Uint8Array> {
  const { round, stateHash: root, sources } = sync;
  const state = new Uint8Array(byteLength);
  const leaves = Math.ceil(byteLength / STATE_CHUNK_BYTES);
  const note = steps(byteLength, onProgress);
  const parts = Array.from({ length: leaves }, (_, index): Part => {
    const start = index * STATE_CHUNK_BYTES;
    const length = Math.min(STATE_CHUNK_BYTES, byteLength - start);
    return {
      request: { type: 'state', runId, round, chunk: index },
      accept({ response, body: bytes }) {
        const proved =
          response.type === 'ok' &&
          bytes.length === length &&
          verifyTensorProof({ root, leaves, index, bytes, proof: response.proof }, fastSha256);
        if (!proved) return false;
        state.set(bytes, start);
        note(length);
        return true;
      },
    };
  });
  await fetchParts(`the state at round ${round}`, parts, {
    node,
    sources,
    maxBody: STATE_CHUNK_BYTES,
    ...(signal === undefined ? {} : { signal }),
  });
  return state;
}

/** Counts bytes, and tells of them when another part of `total` is complete. */
function steps(total: number, tell: ((received: number) => void) | undefined): (more: number) => void {
  let received = 0;
  let told = 0;
  return (more) => {
    received += more;
    const step = Math.floor((received / total) * PROGRESS_STEPS);
    if (step === told) return;
    told = step;
    tell?.(received);
  };
}

export interface WantedBucket {
  readonly bucket: Bucket;
  readonly hash: Hash;
}

/**
 * Sealed reduced buckets by content; `take` gets each as it comes.
 * @throws UnavailableError
 */
export async function fetchReduced(
  { node, runId, signal }: Download,
  {
    round,
    wanted,
    holders,
    cut,
  }: { round: Round; wanted: readonly WantedBucket[]; holders: readonly MemberInfo[]; cut: BucketCut },
  take: (wanted: WantedBucket, bytes: Uint8Array) => void,
): Promise<void> {
  const parts = wanted.map((one): Part => ({
    request: { type: 'reduced', runId, round, bucket: one.bucket, hash: one.hash },
    accept({ response, body }) {
      if (
        response.type !== 'ok' ||
        body.length !== cut.byteLength(one.bucket) ||
        leafHash(body, fastSha256) !== one.hash
      )
        return false;
      take(one, body);
      return true;
    },
  }));
  await fetchParts(`the sealed round ${round}`, parts, {
    node,
    sources: holders,
    maxBody: cut.bucketSize * 4,
    ...(signal === undefined ? {} : { signal }),
  });
}
