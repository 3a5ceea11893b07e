/** The network shell that both sides of a run share: nodes, keys, control streams, bucket links, fetches. */
export { signCommitment, verifyCommitment } from './commitment-signature.ts';
export { nodeSha256 } from './node-sha256.ts';
export { Timers } from './timers.ts';
export { dialable, parseAddress, parsePeerAddress, type ParsedAddress } from './address.ts';
export { BucketLinks, serveBuckets, type BucketReceiver } from './bucket-links.ts';
export { dialControl, serveControl, type CoordinatorControl, type WorkerControl } from './control.ts';
export { ControlStream, type ControlHandlers } from './control-stream.ts';
export {
  BadAddressError,
  BadKeyFileError,
  DialFailedError,
  ListenFailedError,
  PeerFaultError,
  type PeerFaultKind,
  PortTakenError,
  ProtocolMismatchError,
  StreamClosedError,
} from './errors.ts';
export { fetchFrom, missing, serveFetch, type FetchAnswer, type FetchOptions } from './fetch.ts';
export { keyFromRaw, loadOrCreateKey, newKey } from './key-file.ts';
export { netTimeouts, type NetTimeouts } from './limits.ts';
export { createNode, type MurmurationNode, type NodeOptions } from './node.ts';
export { PeerFaults, type PeerFaultRecord } from './peer-faults.ts';
export { Semaphore } from './semaphore.ts';
