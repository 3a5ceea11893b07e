/** What can go wrong between a page and the server that it came from. */

/** The server refused, or gave an answer that is none: `status` is HTTP's, 0 when nothing came back at all. */
export class ApiRequestError extends Error {
  override readonly name = 'ApiRequestError';
  readonly code: string;
  readonly status: number;

  constructor(options: {
    readonly code: string;
    readonly status: number;
    readonly message: string;
    readonly cause?: unknown;
  }) {
    super(options.message, { cause: options.cause });
    this.code = options.code;
    this.status = options.status;
  }
}
