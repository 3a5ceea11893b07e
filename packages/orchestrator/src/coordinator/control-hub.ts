/**
 * The control streams of all workers. Checks what a machine takes on trust (signatures, addresses) and turns streams into
 * events: a message, a fault, or the loss of a connection.
 */
import { attestationSigner, identityOfPeerId, verifyPossession } from '@murmuration/contracts';
import { claimsOf, wei } from '@murmuration/protocol';
import type {
  CoordinatorMessage,
  CoordinatorState,
  PeerId,
  SettlementScope,
  Terms,
  WorkerMessage,
  WorkerMessageOf,
} from '@murmuration/protocol';
import { PeerFaultError, serveControl, verifyCommitment } from '@murmuration/protocol/net';
import type { ControlHandlers, MurmurationNode, RelayRoster, WorkerControl } from '@murmuration/protocol/net';
import type { Settlement } from '../settlement/settlement.ts';
import type { Admission } from './admission.ts';
import type { Happening } from './driver.ts';

/** Patience with a silent stranger, in time-outs of the network: a worker compiles the job's kernels before its hello. */
const HELLO_STALLS = 30;

export interface HubOptions {
  readonly node: MurmurationNode;
  readonly terms: Terms;
  readonly admission: Admission;
  /** Kept up to date with who is here, for the node's relay. */
  readonly roster: RelayRoster;
  /** Where pay is settled; null when nothing is paid. */
  readonly settlement: Settlement | null;
  readonly state: () => CoordinatorState | null;
  readonly dispatch: (happening: Happening) => void;
  /** Told of what a peer did wrong, for people to see. */
  readonly warn: (line: string) => void;
}

export class ControlHub {
  readonly #options: HubOptions;
  readonly #controls = new Map<PeerId, WorkerControl>();

  constructor(options: HubOptions) {
    this.#options = options;
  }

  /** Begins to take workers in. */
  async serve(): Promise<void> {
    const { node, terms } = this.#options;
    await serveControl(
      node,
      () => terms,
      (control) => this.#accept(control),
    );
  }

  /** Sends to each peer that is still there. A stream that fails says so by closing. */
  send(to: readonly PeerId[], message: CoordinatorMessage): void {
    for (const peer of to) {
      const control = this.#controls.get(peer);
      if (message.type === 'welcome') this.#welcome(peer, control);
      control?.send(message).catch(() => undefined);
    }
  }

  /** Flushes what was sent, then closes the connection. */
  disconnect(peer: PeerId): void {
    const control = this.#controls.get(peer);
    if (control === undefined) return;
    this.#forget(peer);
    void control.close().then(
      () => (this.#controls.has(peer) ? undefined : this.#options.node.disconnect(peer)),
      () => undefined,
    );
  }

  #welcome(peer: PeerId, control: WorkerControl | undefined): void {
    control?.admit();
    this.#options.roster.admit(peer);
  }

  #forget(peer: PeerId): void {
    this.#controls.delete(peer);
    this.#options.roster.leave(peer);
  }

  /** Closes every stream in good order. */
  async close(): Promise<void> {
    await Promise.allSettled([...this.#controls.values()].map((control) => control.close()));
    this.#controls.clear();
  }

  #accept(control: WorkerControl): ControlHandlers<WorkerMessage> {
    const { node, roster, dispatch, warn } = this.#options;
    const { peer } = control;
    // A worker that redials before its old stream is known to be dead: the old one no longer speaks for it.
    const before = this.#controls.get(peer);
    if (before !== undefined) {
      dispatch({ type: 'disconnected', peerId: peer, reason: 'it opened another control stream' });
      void before.close();
    }
    this.#controls.set(peer, control);
    roster.enter(peer);
    let greeted = false;
    const late = setTimeout(() => control.abort(new Error('it said no hello')), HELLO_STALLS * node.timeouts.stall);
    return {
      onMessage: (message) => {
        if (this.#controls.get(peer) !== control) return undefined;
        if (message.type === 'hello') {
          // Each is a return in the journal: whoever comes back does so by a new stream.
          if (greeted) throw new PeerFaultError({ peer, fault: 'unexpected', detail: 'it said hello twice' });
          greeted = true;
          // Nothing else ends the wait: a stranger would hold its place, at the relay too, with one heartbeat.
          clearTimeout(late);
          return this.#hear(control, message);
        }
        this.#check(peer, message);
        return dispatch({ type: 'message', from: peer, message });
      },
      onClose: (reason) => {
        clearTimeout(late);
        if (this.#controls.get(peer) !== control) return;
        this.#forget(peer);
        if (reason instanceof PeerFaultError) {
          warn(reason.message);
          dispatch({
            type: 'faulted',
            peerId: peer,
            code: `FAULT_${reason.fault.toUpperCase()}`,
            reason: reason.message,
          });
        } else dispatch({ type: 'disconnected', peerId: peer, reason: reason?.message ?? 'it closed its connection' });
      },
    };
  }

  /** The token goes no further than this. @throws PeerFaultError */
  async #hear(control: WorkerControl, { token, ...hello }: WorkerMessageOf<'hello'>): Promise<void> {
    const { admission, dispatch } = this.#options;
    const { peer } = control;
    const answer = await admission.check(peer, token);
    if (this.#controls.get(peer) !== control) return;
    if (answer.admitted) {
      this.#checkHello(peer, hello);
      return dispatch({ type: 'message', from: peer, message: { ...hello, token: null } });
    }
    const { code, reason } = answer;
    this.send([peer], { type: 'refuse', code, reason });
    this.disconnect(peer);
    dispatch({ type: 'disconnected', peerId: peer, reason: `refused (${code}): ${reason}` });
  }

  /** @throws PeerFaultError, which disconnects the peer */
  #check(peer: PeerId, message: WorkerMessage): void {
    if (message.type === 'commit') this.#checkCommit(peer, message);
    if (message.type === 'reduced') this.#checkReduced(peer, message);
    if (message.type === 'attestation') this.#checkAttestation(peer, message);
  }

  #checkHello(peer: PeerId, { address, payout, possession }: Omit<WorkerMessageOf<'hello'>, 'token'>): void {
    const { settlement } = this.#options;
    const own = identityOfPeerId(peer).address;
    // To the letter: an address in another spelling would fail every later call that names it, and the others' pay with it.
    if (own !== address) throw forged(peer, `its address is ${own}, not ${address}`);
    if (settlement === null) return;
    if (BigInt(payout) === 0n) throw forged(peer, 'the registry takes no payout address 0');
    const { chainId, registry: contract } = settlement.registration;
    if (!verifyPossession({ chainId, contract }, { worker: own, payout, possession }))
      throw forged(peer, 'its proof of possession is not valid');
    settlement.note(own, { peerId: peer, payout, possession });
  }

  #checkCommit(peer: PeerId, message: WorkerMessageOf<'commit'>): void {
    const { runId } = this.#options.terms;
    const { round, assignment, root, microBatches, samples, signature } = message;
    if (!verifyCommitment(peer, { runId, round, assignment, root, microBatches, samples }, signature)) {
      throw forged(peer, `its signature under the commitment to round ${round} is not valid`);
    }
  }

  /** An owner that passes on a commitment which its maker never signed made it up. The state is the one that the machine judges by. */
  #checkReduced(peer: PeerId, message: WorkerMessageOf<'reduced'>): void {
    const state = this.#options.state();
    for (const { peerId, terms, signature } of state === null ? [] : claimsOf(state, peer, message)) {
      if (!verifyCommitment(peerId, terms, signature))
        throw forged(peer, `${peerId} did not sign the commitment to round ${terms.round} that it passed on`);
    }
  }

  #checkAttestation(peer: PeerId, { epoch, root, signature }: WorkerMessageOf<'attestation'>): void {
    const inFlight = this.#options.state()?.settlement.inFlight;
    const { settlement } = this.#options;
    if (signature === null || settlement === null || inFlight?.epoch !== epoch || inFlight.root !== root) return;
    const { chainId, settlement: contract, jobId }: SettlementScope = settlement.scope;
    const statement = { jobId, epoch, root, totalWei: wei(BigInt(inFlight.totalWei)) };
    if (attestationSigner({ chainId, contract }, statement, signature) !== identityOfPeerId(peer).address) {
      throw forged(peer, `its signature under epoch ${epoch} is not valid`);
    }
  }
}

const forged = (peer: PeerId, detail: string): PeerFaultError => new PeerFaultError({ peer, fault: 'forged', detail });
