/** One question and one answer a stream: state chunks, sealed buckets, retained contributions. */
import type { Stream } from '@libp2p/interface';
import type { PeerId } from '../core/ids.ts';
import { fetchRequestCodec, fetchResponseCodec } from '../wire/codec.ts';
import type { MemberInfo } from '../wire/control.ts';
import type { FetchRequest, FetchResponse } from '../wire/frames.ts';
import { FETCH_PROTOCOL } from '../wire/names.ts';
import { PeerFaultError, StreamClosedError } from './errors.ts';
import { frameHead, readFrames } from './frame-stream.ts';
import { MAX_FETCHES, MAX_FETCHES_PER_CONNECTION, MAX_FRAME_BODY } from './limits.ts';
import type { MurmurationNode } from './murmuration-node.ts';
import { Semaphore } from './semaphore.ts';
import { StreamWriter } from './stream-writer.ts';

/** What counts as progress of an answer's body: this part of it, and at least so many bytes. A drip of bytes must end. */
const PROGRESS_STEPS = 8;
const PROGRESS_BYTES = 16 * 1024;

/** What a server gives: the answer's header, and the body that it announces (empty when `missing`). */
export interface FetchAnswer {
  readonly response: FetchResponse;
  /** Sent without a copy: it must not change afterwards. */
  readonly body: Uint8Array;
}

export const missing = (reason: string): FetchAnswer => ({
  response: { type: 'missing', reason },
  body: new Uint8Array(0),
});

/** Answers fetches. At most `MAX_FETCHES` answers are prepared at once; further requests wait their turn. */
export async function serveFetch(
  node: MurmurationNode,
  answer: (request: FetchRequest, peer: PeerId) => FetchAnswer | Promise<FetchAnswer>,
): Promise<void> {
  const slots = new Semaphore(MAX_FETCHES);
  await node.serve(FETCH_PROTOCOL, MAX_FETCHES_PER_CONNECTION, (stream, peer) => {
    readFrames(
      { stream, peer, codec: fetchRequestCodec, maxBody: 0 },
      {
        destination: (_request, bodyLength) => new Uint8Array(bodyLength),
        frame: (request) => slots.run(async () => sendAnswer(node, stream, peer, await answer(request, peer))),
        ended: (error) => {
          if (error instanceof PeerFaultError) node.fault(peer, error);
          else if (error !== null) stream.abort(error);
        },
      },
    );
  });
}

async function sendAnswer(
  node: MurmurationNode,
  stream: Stream,
  peer: PeerId,
  { response, body }: FetchAnswer,
): Promise<void> {
  const writer = new StreamWriter(stream, { peer, stall: node.timeouts.stall });
  await writer.write(frameHead(fetchResponseCodec.encode(response), body.length), body);
  await stream.close({ signal: AbortSignal.timeout(node.timeouts.stall) });
}

export interface FetchOptions {
  /** The largest body that the caller will take. */
  readonly maxBody?: number;
  readonly signal?: AbortSignal;
}

/**
 * Asks a member. The answer's shape and size are checked, **its content is not**: compare its hash with what was asked.
 * @throws DialFailedError, ProtocolMismatchError, StreamClosedError, PeerFaultError (the peer is then disconnected)
 */
export async function fetchFrom(
  node: MurmurationNode,
  member: MemberInfo,
  request: FetchRequest,
  { maxBody = MAX_FRAME_BODY, signal }: FetchOptions = {},
): Promise<FetchAnswer> {
  const stream = await node.open(member, FETCH_PROTOCOL, signal);
  try {
    const answered = receiveAnswer(node, stream, member.peerId, maxBody, signal);
    // Marked as handled: when the write below fails first, that error is the one thrown.
    answered.catch(() => undefined);
    const writer = new StreamWriter(stream, { peer: member.peerId, stall: node.timeouts.stall });
    await writer.write(frameHead(fetchRequestCodec.encode(request), 0));
    const answer = await answered;
    await stream.close({ signal: AbortSignal.timeout(node.timeouts.stall) });
    return answer;
  } catch (error) {
    stream.abort(error instanceof Error ? error : new Error(String(error)));
    if (error instanceof PeerFaultError) node.fault(member.peerId, error);
    throw error;
  }
}

function receiveAnswer(
  node: MurmurationNode,
  stream: Stream,
  peer: PeerId,
  maxBody: number,
  signal?: AbortSignal,
): Promise<FetchAnswer> {
  return new Promise((resolve, reject) => {
    const closed = (why: string, cause?: unknown): StreamClosedError => new StreamClosedError({ peer, why, cause });
    const patience = (): ReturnType<typeof setTimeout> =>
      setTimeout(() => reject(closed(`no answer for ${node.timeouts.stall} ms`)), node.timeouts.stall);
    let timer = patience();
    const renew = (): void => {
      clearTimeout(timer);
      timer = patience();
    };
    let [received, step] = [0, Infinity];
    const arrived = ({ data }: { readonly data: { readonly byteLength: number } }): void => {
      received += data.byteLength;
      if (received < step) return;
      received = 0;
      renew();
    };
    const aborted = (): void => reject(closed('the fetch was cancelled', signal?.reason));
    signal?.addEventListener('abort', aborted, { once: true });
    const over = (): void => {
      clearTimeout(timer);
      stream.removeEventListener('message', arrived);
      signal?.removeEventListener('abort', aborted);
    };
    const ended = (error: Error | null): void => {
      over();
      reject(error ?? closed('it ended without an answer'));
    };
    const frame = (response: FetchResponse, body: Uint8Array): void => {
      over();
      resolve({ response, body });
    };
    const destination = (_response: FetchResponse, bodyLength: number): Uint8Array => {
      renew();
      step = Math.max(PROGRESS_BYTES, bodyLength / PROGRESS_STEPS);
      return new Uint8Array(bodyLength);
    };
    readFrames({ stream, peer, codec: fetchResponseCodec, maxBody }, { destination, frame, ended });
    stream.addEventListener('message', arrived);
  });
}
