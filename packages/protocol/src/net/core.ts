/**
 * `@murmuration/protocol/net-core`: what a node speaks once it is there, the same in Node and in a page. Nothing here imports
 * Node; nodes are made by the faces `net` and `net-browser`.
 */
export { fastSha256, leafDigests } from '#sha256';
export { signCommitment, verifyCommitment } from './commitment-signature.ts';
export { type Clock, systemClock, Timers } from './timers.ts';
export { originAddress, parseAddress, parsePeerAddress, type AddressKind, type ParsedAddress } from './address.ts';
export { BucketLinks, serveBuckets, type BucketReceiver } from './bucket-links.ts';
export { dialControl, serveControl, type CoordinatorControl, type WorkerControl } from './control.ts';
export { ControlStream, type ControlHandlers } from './control-stream.ts';
export {
  BadAddressError,
  DialFailedError,
  ListenFailedError,
  PeerFaultError,
  type PeerFaultKind,
  PortTakenError,
  ProtocolMismatchError,
  RelayRefusedError,
  StreamClosedError,
} from './errors.ts';
export { fetchFrom, missing, serveFetch, type FetchAnswer, type FetchOptions } from './fetch.ts';
export { keyFromRaw, newKey } from './keys.ts';
export { netTimeouts, type NetTimeouts } from './limits.ts';
export type { CommonNodeOptions, MurmurationNode, PathKind, StreamListener } from './murmuration-node.ts';
export { PeerFaults, type PeerFaultRecord } from './peer-faults.ts';
export { Semaphore } from './semaphore.ts';
