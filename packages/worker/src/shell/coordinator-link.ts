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
import { dialControl, type CoordinatorControl, type MurmurationNode } from '@murmuration/protocol/net';

export interface CoordinatorLinkParts {
  readonly node: MurmurationNode;
  readonly coordinator: MemberInfo;
  /** Gets ready for the terms; what it throws ends the attempt. */
  readonly onTerms: (terms: Terms) => Promise<void>;
  readonly onMessage: (message: CoordinatorMessage) => void;
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
   * Opens the stream and agrees on the terms.
   * @throws DialFailedError, ProtocolMismatchError, StreamClosedError, ProtocolVersionError, and what `onTerms` throws
   */
  async open(signal?: AbortSignal): Promise<Terms> {
    const { node, coordinator, onTerms } = this.#parts;
    let gone: Error | null = null;
    let opened: CoordinatorControl | null = null;
    const { control, terms } = await dialControl(
      node,
      coordinator,
      {
        onMessage: (message) => this.#parts.onMessage(message),
        onClose: (reason) => {
          gone = reason ?? new Error('the coordinator closed the stream');
          if (opened !== null && this.#control === opened) this.#lost(gone);
        },
      },
      signal,
    );
    try {
      if (!speaksOurVersion(terms.protocolVersion))
        throw new ProtocolVersionError({ theirs: terms.protocolVersion, ours: PROTOCOL_VERSION });
      await onTerms(terms);
      if (gone !== null) throw gone;
      this.#control = opened = control;
      return terms;
    } catch (error) {
      await control.close();
      throw error;
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

  #lost(reason: Error): void {
    this.#control = null;
    this.#parts.onGone(reason.message);
  }
}
