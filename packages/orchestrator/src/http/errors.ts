/** What keeps the server from starting: each a line for the person who typed the command. */
import { MurmurationError } from '@murmuration/protocol';

/** `--http` is not an address to listen on. */
export class HttpAddressError extends MurmurationError {
  readonly code = 'HTTP_ADDRESS';

  constructor({ text }: { text: string }) {
    super({
      message: `--http ${JSON.stringify(text)} is not an address.`,
      mend: 'Write it like 127.0.0.1:8080, [::1]:8080 or 0.0.0.0:8080 (port 0 lets the system choose).',
    });
  }
}

/** `--announce` is not where a browser could go. */
export class AnnounceError extends MurmurationError {
  readonly code = 'HTTP_ANNOUNCE';

  constructor({ text, why }: { text: string; why: string }) {
    super({
      message: `--announce ${JSON.stringify(text)} ${why}.`,
      mend: 'Write the public origin alone, like https://train.example.org.',
    });
  }
}

/** Another process listens there. */
export class HttpPortTakenError extends MurmurationError {
  readonly code = 'HTTP_PORT_TAKEN';

  constructor({ address, cause }: { address: string; cause?: unknown }) {
    super({
      message: `Cannot serve pages on ${address}: the port is taken.`,
      mend: 'Stop the process that uses it, or choose another port with --http (port 0 lets the system choose).',
      cause,
    });
  }
}

/** The system refuses to listen for another reason: an address that is not this machine's, a privileged port. */
export class HttpListenError extends MurmurationError {
  readonly code = 'HTTP_LISTEN';

  constructor({ address, why, cause }: { address: string; why: string; cause?: unknown }) {
    super({
      message: `Cannot serve pages on ${address}: ${why}.`,
      mend: 'Choose an address of this machine and a port above 1023 with --http.',
      cause,
    });
  }
}

/** Certificate and key can't be used. */
export class TlsFilesError extends MurmurationError {
  readonly code = 'TLS_FILES';

  constructor({ why, mend, cause }: { why: string; mend: string; cause?: unknown }) {
    super({ message: `The TLS certificate can't be used: ${why}.`, mend, cause });
  }
}

/** Options of the server without a server. */
export class HttpOptionsError extends MurmurationError {
  readonly code = 'HTTP_OPTIONS';

  constructor({ why, mend }: { why: string; mend: string }) {
    super({ message: `${why}.`, mend });
  }
}

/** What the server's thread said of why it can't start. */
export class ServerFailedError extends MurmurationError {
  readonly code: string;

  constructor({ code, message, mend }: { code: string; message: string; mend: string }) {
    super({ message, mend });
    this.code = code;
  }
}
