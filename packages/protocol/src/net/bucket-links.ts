/** Member to member: one long-lived stream a peer and direction, which carries tensor frames while a round runs. */
import type { PeerId } from '../core/ids.ts';
import { bucketFrameCodec } from '../wire/codec.ts';
import type { MemberInfo } from '../wire/control.ts';
import type { BucketFrame } from '../wire/frames.ts';
import { BUCKET_PROTOCOL } from '../wire/names.ts';
import { BucketAnswers } from './bucket-answers.ts';
import { BucketLink, closeQuietly } from './bucket-link.ts';
import { PeerFaultError } from './errors.ts';
import { frameHead, readFrames } from './frame-stream.ts';
import { MAX_FRAME_BODY } from './limits.ts';
import { isBetter, type MurmurationNode } from './murmuration-node.ts';

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
    const answers = new BucketAnswers(stream);
    readFrames(
      { stream, peer, codec: bucketFrameCodec, maxBody: maxBody() },
      {
        destination: (frame, bodyLength) => receiver.destination(peer, frame, bodyLength),
        frame: (frame, body) => {
          const handled = receiver.received(peer, frame, body);
          return handled === undefined ? answers.add() : handled.then(() => answers.add());
        },
        ended: (error) => {
          if (error instanceof PeerFaultError) node.fault(peer, error);
          else if (error !== null) stream.abort(error);
          else closeQuietly(stream);
        },
      },
    );
  });
}

/** The outgoing half: opens a stream to a peer when the first bucket goes there, and again when it broke or a better path is there. */
export class BucketLinks {
  readonly #node: MurmurationNode;
  readonly #links = new Map<PeerId, Promise<BucketLink>>();

  constructor(node: MurmurationNode) {
    this.#node = node;
  }

  /**
   * Sends one bucket. `body` is sent without a copy and **must not change** until the round's seal proves receipt.
   * @throws DialFailedError, ProtocolMismatchError, StreamClosedError
   */
  async push(member: MemberInfo, frame: BucketFrame, body: Uint8Array): Promise<void> {
    const link = await this.#link(member);
    await link.push(frameHead(bucketFrameCodec.encode(frame), body.length), body);
  }

  /** Closes the links with everybody who is not in `keep`. */
  retain(keep: ReadonlySet<PeerId>): void {
    for (const [peer, link] of this.#links) if (!keep.has(peer)) this.#close(peer, link);
  }

  #link(member: MemberInfo): Promise<BucketLink> {
    const known = this.#links.get(member.peerId);
    if (known === undefined) return this.#open(member);
    return known.then((link) => {
      if (!isBetter(this.#node.path(member.peerId), link.path)) return link;
      // Another push may have seen the better path before.
      if (this.#links.get(member.peerId) === known) this.#close(member.peerId, known);
      return this.#links.get(member.peerId) ?? this.#open(member);
    });
  }

  #open(member: MemberInfo): Promise<BucketLink> {
    const opening = this.#connect(member, () => this.#forget(member.peerId, opening));
    this.#links.set(member.peerId, opening);
    opening.catch(() => this.#forget(member.peerId, opening));
    return opening;
  }

  async #connect(member: MemberInfo, closed: () => void): Promise<BucketLink> {
    const peer = member.peerId;
    const stream = await this.#node.open(member, BUCKET_PROTOCOL);
    stream.addEventListener('close', closed);
    return new BucketLink(stream, { peer, path: this.#node.path(peer), stall: this.#node.timeouts.stall });
  }

  #close(peer: PeerId, link: Promise<BucketLink>): void {
    this.#forget(peer, link);
    void link.then(
      (open) => open.close(),
      () => undefined,
    );
  }

  #forget(peer: PeerId, link: Promise<BucketLink>): void {
    if (this.#links.get(peer) === link) this.#links.delete(peer);
  }
}
