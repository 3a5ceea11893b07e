/** What can end a tab's worker before it has begun. */
import { MurmurationError } from '@murmuration/protocol';

/** The offer names no coordinator, or several. Causes: a server that takes no tabs, or one that is not what it says. */
export class NoCoordinatorError extends MurmurationError {
  readonly code = 'NO_COORDINATOR';

  constructor({ addresses }: { addresses: readonly string[] }) {
    super({
      message:
        addresses.length === 0
          ? 'This server offers no address at which a page could join.'
          : 'This server offers addresses of several coordinators for one run.',
      mend: 'Ask whoever sent the link whether the run takes tabs, or join with the program instead.',
    });
  }
}

/** Another tab works with the same key: the run would take both for one worker that says contrary things. */
export class KeyInUseError extends MurmurationError {
  readonly code = 'KEY_IN_USE';

  constructor() {
    super({
      message: 'Another tab of this browser already works with this key.',
      mend: 'Go on in that tab, or close it and try again.',
    });
  }
}

/** Scripts of the page could not be loaded. Causes: the server was updated or stopped since the page was opened. */
export class TabScriptError extends MurmurationError {
  readonly code = 'TAB_SCRIPT';

  constructor({ cause }: { cause: unknown }) {
    super({
      message: 'The worker’s scripts could not be loaded from the server.',
      mend: 'Check that the server is still there, then reload this page.',
      cause,
    });
  }
}
