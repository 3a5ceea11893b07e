/** The control stream to the coordinator: opened when the machine asks, closed in good order, never more than one. */
import {
  PROTOCOL_VERSION,
  ProtocolVersionError,
  speaksOurVersion,
  type CoordinatorMessage,
  type MemberInfo,
  type Terms,
  type WorkerMessage,
} from '@murmuration/protocol';
import {
  dialControl,
  StreamClosedError,
  type CoordinatorControl,
  type MurmurationNode,
} from '@murmuration/protocol/net-core';

export interface CoordinatorLinkParts {
  readonly node: MurmurationNode;
  readonly coordinator: MemberInfo;
  /** Whether a hello could follow at once. */
  readonly isReady: (terms: Terms) => boolean;
  /** Gets ready for the terms; what it throws ends the attempt. */
  readonly prepare: (terms: Terms) => Promise<void>;
  readonly onMessage: (message: CoordinatorMessage) => void;
  /** The coordinator relays nothing to this node: members reach it directly or not at all. */
  readonly onUnrelayed: (error: unknown) => void;
  /** A stream that was open is gone. */
  readonly onGone: (reason: string) => void;
}

export class CoordinatorLink {
  readonly #parts: CoordinatorLinkParts;
  #control: CoordinatorControl | null = null;

  constructor(parts: CoordinatorLinkParts) {
    this.#parts = parts;
  }

  /**
   * Opens the stream and agrees on the terms. When they ask for something that takes its time, the stream is closed
   * meanwhile and opened anew afterwards: a coordinator need not be patient with silent streams.
   * @throws DialFailedError, ProtocolMismatchError, StreamClosedError, ProtocolVersionError, and what `prepare` throws; the
   * signal's reason as soon as it is aborted, whatever is being prepared
   */
  async open(signal?: AbortSignal): Promise<Terms> {
    for (;;) {
      const terms = await this.#agree(signal);
      if (this.#control !== null) return terms;
      await unlessAborted(this.#parts.prepare(terms), signal);
    }
  }

  /** One stream: kept when this worker is ready for its terms, else closed. */
  async #agree(signal: AbortSignal | undefined): Promise<Terms> {
    const { node, coordinator, isReady, onMessage } = this.#parts;
    let kept: CoordinatorControl | null = null;
    let gone: string | null = null;
    const onClose = (reason: Error | null): void => {
      gone = reason?.message ?? 'the coordinator closed the stream';
      if (kept !== null && this.#control === kept) this.#lost(gone);
    };
    const { control, terms } = await dialControl(node, coordinator, { onMessage, onClose }, signal);
    const speaks = speaksOurVersion(terms.protocolVersion);
    if (speaks && isReady(terms)) {
      // Before the hello, which says where this node can be reached.
      await this.#takePlace(signal);
      if (gone !== null) throw new StreamClosedError({ peer: coordinator.peerId, why: gone });
      this.#control = kept = control;
    } else await control.close();
    if (!speaks) throw new ProtocolVersionError({ theirs: terms.protocolVersion, ours: PROTOCOL_VERSION });
    return terms;
  }

  async #takePlace(signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.#parts.node.reserve(signal);
    } catch (error) {
      signal?.throwIfAborted();
      this.#parts.onUnrelayed(error);
    }
  }

  /** Sends a message; on a broken stream it is lost, and `onGone` tells of the stream. */
  send(message: WorkerMessage): void {
    const control = this.#control;
    control?.send(message).catch((error: unknown) => {
      if (this.#control === control) control.abort(error instanceof Error ? error : new Error(String(error)));
    });
  }

  /** Flushes and closes; `onGone` is not called. */
  async close(): Promise<void> {
    const control = this.#control;
    this.#control = null;
    await control?.close();
  }

  #lost(reason: string): void {
    this.#control = null;
    this.#parts.onGone(reason);
  }
}

/** What the work comes to. When the signal is aborted first, its reason is thrown and the work goes on by itself. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal = new AbortController().signal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  return Promise.race([work, promise]).finally(() => signal.removeEventListener('abort', abort));
}
