/** What the coordinator's thread and the server's thread say to each other. */
import type { HttpAddress } from './address.ts';
import type { DataFileEntry } from './data-files.ts';
import type { JoinFacts } from './join-offer.ts';
import type { TlsPair } from './server.ts';

/** What the thread starts with. */
export interface ThreadOptions {
  readonly directory: string;
  readonly address: HttpAddress;
  readonly tls: TlsPair | null;
  /** Origin. */
  readonly announce: string | null;
  readonly behindProxy: boolean;
  /** Whether the run is trained by this process, whose rounds come first. */
  readonly besideRounds: boolean;
}

/** What a coordinator gives to members through this server. */
export interface Coordination {
  readonly facts: JoinFacts;
  readonly files: readonly DataFileEntry[];
  /** Its WebSocket listener on the loopback interface; null when it has none. */
  readonly peers: HttpAddress | null;
}

export type ToServer =
  /** The journal is there. */
  | { readonly type: 'open'; readonly coordination: Coordination | null }
  | { readonly type: 'grew' }
  /** The folder of the built pages; null when they can't be built. */
  | { readonly type: 'pages'; readonly directory: string | null }
  | { readonly type: 'metrics'; readonly id: number; readonly text: string }
  | { readonly type: 'close' };

export type FromServer =
  | { readonly type: 'listening'; readonly port: number }
  | { readonly type: 'failed'; readonly code: string; readonly message: string; readonly mend: string }
  | { readonly type: 'metricsWanted'; readonly id: number }
  | { readonly type: 'notice'; readonly line: string };
