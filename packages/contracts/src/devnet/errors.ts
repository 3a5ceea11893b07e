/** What can go wrong with the chain that a run starts for itself. */
import { MurmurationError } from '@murmuration/protocol';

/** The program is not installed. Causes: `npm ci --omit=optional`, a platform without a build. */
export class AnvilMissingError extends MurmurationError {
  readonly code = 'ANVIL_MISSING';

  constructor({ platform, cause }: { platform: string; cause?: unknown }) {
    super({
      message: `The devnet's program anvil is not installed for ${platform}.`,
      mend: 'Run `npm ci` without omitting optional packages, or name a chain of your own in payment.',
      cause,
    });
  }
}

/** Something else listens on the devnet's port. */
export class DevnetPortTakenError extends MurmurationError {
  readonly code = 'PORT_TAKEN';
  readonly port: number;

  constructor({ port }: { port: number }) {
    super({
      message: `The devnet can't listen on port ${port}: it is taken.`,
      mend: 'Stop what uses it, or leave the port out to get a free one.',
    });
    this.port = port;
  }
}

/** The devnet did not start, or ended by itself. Causes: a damaged state file, no memory, a full disk. */
export class DevnetFailedError extends MurmurationError {
  readonly code = 'DEVNET_FAILED';

  constructor({ why, stateDirectory, cause }: { why: string; stateDirectory: string; cause?: unknown }) {
    super({
      message: `The devnet in ${stateDirectory} failed: ${why.trim()}.`,
      mend: 'Free memory or disk if they ran out; else remove the folder to begin with a new chain.',
      cause,
    });
  }
}
