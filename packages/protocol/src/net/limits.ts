/** Every limit and time-out of the network shell, in one place. `docs/limits.md` explains them to a reader. */
import { milliseconds, type Milliseconds } from '../core/units.ts';

const MiB = 1024 * 1024;

/** The largest control message: a seal of 65,536 bucket hashes is 4.4 MB. */
export const MAX_CONTROL_MESSAGE = 8 * MiB;
/** The largest control message from a peer that has not been admitted: a hello is below 20 KiB. */
export const MAX_HELLO = 64 * 1024;
/** The largest header of a frame: a contribution's names its micro-batches, up to 65,536 of them. */
export const MAX_FRAME_HEADER = 512 * 1024;
/** The largest body of a tensor frame, the largest bucket in fixed point; a caller that knows the job's bucket size sets a smaller one. */
export const MAX_FRAME_BODY = 32 * MiB;

/** Control messages that wait for a peer which does not read; past it the peer is given up. */
export const MAX_CONTROL_QUEUE = 64 * MiB;

export const MAX_CONNECTIONS = 1024;
/** New connections a second from one host. Many workers may stand behind one address. */
export const MAX_CONNECTIONS_PER_HOST_SECOND = 64;
/** Connections that have not finished their handshake. */
export const MAX_PENDING_CONNECTIONS = 64;
/** Fetch streams that one connection may have open at once; further ones are reset. */
export const MAX_FETCHES_PER_CONNECTION = 32;
/** Fetch answers in preparation at once, over all connections; further requests wait. */
export const MAX_FETCHES = 64;
/** Faults after which a peer is refused for the rest of the process' life. */
export const MAX_FAULTS = 3;
/** Peers whose faults are remembered; the oldest is forgotten first, so that strangers cannot fill the memory. */
export const MAX_FAULTY_PEERS = 4096;

/** Addresses of a member that are tried: a stranger names them. */
export const MAX_DIALLED_ADDRESSES = 6;
/** Relayed connections that one member may have open at once, each way. */
export const MAX_RELAYED_BY_MEMBER = 256;
/** Relayed connections through one coordinator at once. */
export const MAX_RELAYED = 4096;

/** The largest message on a WebRTC data channel that every browser takes. */
export const RTC_MESSAGE = 256 * 1024;
/** Bytes that a page leaves with the browser before it waits for them to go. */
export const RTC_BUFFER = 8 * MiB;
/** Bytes of buckets that a sender may be ahead of what the receiver has dealt with. */
export const MAX_AHEAD = 32 * MiB;
/** Bytes of a WebRTC stream that wait for a busy reader: those and one frame more. Past it the stream is reset. */
export const RTC_READ_BUFFER = 64 * MiB;

/** One message of a WebSocket: what is encrypted at once is below 64 KiB. */
export const MAX_WEBSOCKET_MESSAGE = MiB;

/**
 * Flow control: bytes of a stream that may be on their way. Both ends must have the same number, so it is part of the
 * protocol. It covers a few buckets, so that a sender seldom waits for a receiver whose processor is busy.
 */
export const STREAM_WINDOW = 4 * MiB;
/** Bytes handed to a stream between two looks at its back pressure. */
export const SEND_CHUNK = 256 * 1024;

/** The time-outs of the network, all derived from the job's one knob. */
export interface NetTimeouts {
  /** From the first address tried to an encrypted, multiplexed connection. */
  readonly dial: Milliseconds;
  /** One kind of path (direct, WebRTC), when there is another to try. */
  readonly dialPath: Milliseconds;
  /** One address, when there is another to try. */
  readonly dialAddress: Milliseconds;
  /** Protocol negotiation of a new stream, either side. */
  readonly negotiate: Milliseconds;
  /** A send that makes no progress at all, or a fetch whose answer makes none. */
  readonly stall: Milliseconds;
  /** A connection that is asked to close in good order. */
  readonly close: Milliseconds;
}

/** @param failureTimeout after how long a silent peer counts as lost */
export function netTimeouts(failureTimeout: Milliseconds): NetTimeouts {
  const part = (fraction: number): Milliseconds => milliseconds(Math.max(1000, Math.round(failureTimeout * fraction)));
  return {
    dial: part(1),
    dialPath: part(0.4),
    dialAddress: part(0.2),
    negotiate: part(0.5),
    stall: part(1),
    close: milliseconds(1000),
  };
}
