/** What can be wrong with a command about tokens. */
import { MurmurationError } from '@murmuration/protocol';

/** An option that makes no sense. */
export class TokenOptionError extends MurmurationError {
  readonly code = 'TOKEN_OPTION';

  constructor({ option, text, mend }: { option: string; text: string; mend: string }) {
    super({ message: `${option} ${JSON.stringify(text)} makes no sense.`, mend });
  }
}

/** No token of that id was made for this run. */
export class TokenNotFoundError extends MurmurationError {
  readonly code = 'TOKEN_NOT_FOUND';

  constructor({ id }: { id: string }) {
    super({ message: `This run has no token ${JSON.stringify(id)}.`, mend: 'See `orchestrate token RUN --list`.' });
  }
}
