/** What can go wrong between this process and a peer, or between this process and its own sockets and key file. */
import { MurmurationError } from '../core/errors.ts';

/** An address that is not a multiaddr, or not one that this node can use. */
export class BadAddressError extends MurmurationError {
  readonly code = 'BAD_ADDRESS';
  readonly address: string;

  constructor({ address, why, cause }: { address: string; why: string; cause?: unknown }) {
    super({
      message: `The address ${JSON.stringify(address)} ${why}.`,
      mend: 'Write it like /ip4/203.0.113.7/tcp/4001 or /dns4/host.example/tcp/4001/ws, with /p2p/16Uiu2HA… at the end where a certain peer is meant.',
      cause,
    });
    this.address = address;
  }
}

/** Another process listens there. Cause: a run or worker that is still up, or any other server. */
export class PortTakenError extends MurmurationError {
  readonly code = 'PORT_TAKEN';
  readonly address: string;

  constructor({ address, cause }: { address: string; cause?: unknown }) {
    super({
      message: `Cannot listen on ${address}: the port is taken.`,
      mend: 'Stop the process that uses it, or choose another port (tcp/0 lets the system choose).',
      cause,
    });
    this.address = address;
  }
}

/** The system refuses to listen for another reason: an address that is not this machine's, a privileged port. */
export class ListenFailedError extends MurmurationError {
  readonly code = 'LISTEN_FAILED';

  constructor({ address, cause }: { address: string; cause?: unknown }) {
    super({
      message: `Cannot listen on ${address}: ${messageOf(cause)}.`,
      mend: 'Choose an address of this machine and a port above 1023.',
      cause,
    });
  }
}

/** No connection within the time. Causes: the peer is down, the address is wrong, a firewall, another peer lives there. */
export class DialFailedError extends MurmurationError {
  readonly code = 'DIAL_FAILED';

  constructor({ target, cause }: { target: string; cause?: unknown }) {
    super({
      message: `Cannot reach ${target}: ${messageOf(cause)}.`,
      mend: 'Check that the peer is up, that the address is one it prints at start, and that its port is open.',
      cause,
    });
  }
}

/** The coordinator gives this node no place at its relay. Causes: another version there, too many guests, a broken connection. */
export class RelayRefusedError extends MurmurationError {
  readonly code = 'RELAY_REFUSED';

  constructor({ relay, cause }: { relay: string; cause?: unknown }) {
    super({
      message: `No place at the relay of ${relay}: ${messageOf(cause)}.`,
      mend: 'The run goes on without it; members that cannot dial this one directly do not reach it.',
      cause,
    });
  }
}

/** The peer answers but speaks another version of the protocol, or none of it. */
export class ProtocolMismatchError extends MurmurationError {
  readonly code = 'PROTOCOL_MISMATCH';

  constructor({ target, protocol, cause }: { target: string; protocol: string; cause?: unknown }) {
    super({
      message: `${target} does not speak ${protocol}.`,
      mend: 'Run the same version of murmuration on both sides.',
      cause,
    });
  }
}

/** A stream ended or stalled while something was still to be sent or received. */
export class StreamClosedError extends MurmurationError {
  readonly code = 'STREAM_CLOSED';

  constructor({ peer, why, cause }: { peer: string; why: string; cause?: unknown }) {
    super({ message: `The stream with ${peer} is closed: ${why}.`, mend: 'Dial the peer again.', cause });
  }
}

/** The ways in which a peer can break the protocol. */
export type PeerFaultKind = 'oversized' | 'malformed' | 'unexpected' | 'forged';

/** A peer sent what the protocol forbids. It is counted, disconnected, and refused when it goes on. */
export class PeerFaultError extends MurmurationError {
  readonly code = 'PEER_FAULT';
  readonly peer: string;
  readonly fault: PeerFaultKind;

  constructor({ peer, fault, detail, cause }: { peer: string; fault: PeerFaultKind; detail: string; cause?: unknown }) {
    super({
      message: `The peer ${peer} broke the protocol (${fault}): ${detail}.`,
      mend: 'It was disconnected; update the software there if it is yours.',
      cause,
    });
    this.peer = peer;
    this.fault = fault;
  }
}

/** The key file is not what this program wrote, or others may read it. */
export class BadKeyFileError extends MurmurationError {
  readonly code = 'BAD_KEY_FILE';

  constructor({ path, why, cause }: { path: string; why: string; cause?: unknown }) {
    super({
      message: `The key file ${path} ${why}.`,
      mend: 'Restore it from a copy, or name a new path with --key to start with a new identity.',
      cause,
    });
  }
}

/** The text of an unknown thrown value, without its final full stop. */
export const messageOf = (thrown: unknown): string =>
  (thrown instanceof Error ? thrown.message : String(thrown)).replace(/\.$/, '');
