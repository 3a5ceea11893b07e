/** Member to member: one long-lived stream a peer and direction, which carries tensor frames while a round runs. */
import type { Stream } from '@libp2p/interface';
import type { PeerId } from '../core/ids.ts';
import { bucketFrameCodec } from '../wire/codec.ts';
import type { MemberInfo } from '../wire/control.ts';
import type { BucketFrame } from '../wire/frames.ts';
import { BUCKET_PROTOCOL } from '../wire/names.ts';
import { PeerFaultError } from './errors.ts';
import { frameHead, readFrames } from './frame-stream.ts';
import { MAX_FRAME_BODY } from './limits.ts';
import type { MurmurationNode } from './murmuration-node.ts';
import { StreamWriter } from './stream-writer.ts';

export interface BucketReceiver {
  /** Where the body goes (see `FrameHandlers.destination`); throws a `PeerFaultError` to refuse the frame and its sender. */
  destination(peer: PeerId, frame: BucketFrame, bodyLength: number): Uint8Array;
  /** A whole bucket from `peer`. While a promise is pending, nothing more is read from that peer. */
  received(peer: PeerId, frame: BucketFrame, body: Uint8Array): void | Promise<void>;
}

/** Takes the bucket streams of other members. A peer that breaks the protocol is counted and disconnected. */
export async function serveBuckets(
  node: MurmurationNode,
  receiver: BucketReceiver,
  maxBody: () => number = () => MAX_FRAME_BODY,
): Promise<void> {
  await node.serve(BUCKET_PROTOCOL, 2, (stream, peer) => {
    readFrames(
      { stream, peer, codec: bucketFrameCodec, maxBody: maxBody() },
      {
        destination: (frame, bodyLength) => receiver.destination(peer, frame, bodyLength),
        frame: (frame, body) => receiver.received(peer, frame, body),
        ended: (error) => {
          if (error instanceof PeerFaultError) node.fault(peer, error);
          else if (error !== null) stream.abort(error);
          else closeQuietly(stream);
        },
      },
    );
  });
}

interface Link {
  readonly stream: Stream;
  readonly writer: StreamWriter;
}

/** The outgoing half: opens a stream to a peer when the first bucket goes there, and again when it broke. */
export class BucketLinks {
  readonly #node: MurmurationNode;
  readonly #links = new Map<PeerId, Promise<Link>>();

  constructor(node: MurmurationNode) {
    this.#node = node;
  }

  /**
   * Sends one bucket. `body` is sent without a copy and **must not change** until the round's seal proves receipt.
   * @throws DialFailedError, ProtocolMismatchError, StreamClosedError
   */
  async push(member: MemberInfo, frame: BucketFrame, body: Uint8Array): Promise<void> {
    const link = await this.#link(member);
    await link.writer.write(frameHead(bucketFrameCodec.encode(frame), body.length), body);
  }

  /** Closes the links with everybody who is not in `keep`. */
  retain(keep: ReadonlySet<PeerId>): void {
    for (const [peer, link] of this.#links) {
      if (keep.has(peer)) continue;
      this.#links.delete(peer);
      void link.then(
        ({ stream }) => closeQuietly(stream),
        () => undefined,
      );
    }
  }

  #link(member: MemberInfo): Promise<Link> {
    const known = this.#links.get(member.peerId);
    if (known !== undefined) return known;
    const opening = this.#open(member);
    this.#links.set(member.peerId, opening);
    opening.catch(() => this.#forget(member.peerId, opening));
    return opening;
  }

  async #open(member: MemberInfo): Promise<Link> {
    const stream = await this.#node.open(member, BUCKET_PROTOCOL);
    const link = {
      stream,
      writer: new StreamWriter(stream, { peer: member.peerId, stall: this.#node.timeouts.stall }),
    };
    const opening = this.#links.get(member.peerId);
    stream.addEventListener('close', () => this.#forget(member.peerId, opening));
    return link;
  }

  #forget(peer: PeerId, link: Promise<Link> | undefined): void {
    if (this.#links.get(peer) === link) this.#links.delete(peer);
  }
}

function closeQuietly(stream: Stream): void {
  stream.close().catch((error: unknown) => stream.abort(error instanceof Error ? error : new Error(String(error))));
}
