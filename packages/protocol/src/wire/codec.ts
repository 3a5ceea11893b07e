/** Messages and frame headers as bytes: msgpack, and on the way in a schema. Bytes that do not pass are an error with a name. */
import { Packr } from 'msgpackr';
import { z } from 'zod';
import { MurmurationError } from '../core/errors.ts';
import {
  coordinatorMessageSchema,
  termsSchema,
  workerMessageSchema,
  type CoordinatorMessage,
  type Terms,
  type WorkerMessage,
} from './control.ts';
import {
  bucketFrameSchema,
  fetchRequestSchema,
  fetchResponseSchema,
  type BucketFrame,
  type FetchRequest,
  type FetchResponse,
} from './frames.ts';

/** Bytes from a peer that are not msgpack, or not a message that this side takes. */
export class MalformedMessageError extends MurmurationError {
  readonly code = 'MALFORMED_MESSAGE';

  constructor({ why, cause }: { why: string; cause?: unknown }) {
    super({ message: `A message cannot be read: ${why}.`, mend: 'Disconnect the peer that sent it.', cause });
  }
}

export interface Codec<T> {
  /** The bytes are the caller's: nothing writes to them afterwards. */
  encode(value: T): Uint8Array;
  /** @throws MalformedMessageError */
  decode(bytes: Uint8Array): T;
}

// Records and extension types off: what is on the wire is plain msgpack that any implementation can read.
const packr = new Packr({ useRecords: false, moreTypes: false, mapsAsObjects: true, int64AsType: 'number' });

/** A codec of what `schema` describes. */
export const codecOf = <T>(schema: z.ZodType<T>): Codec<T> => ({
  encode: (value) => packr.pack(value),
  decode(bytes) {
    const result = schema.safeParse(unpack(bytes));
    if (result.success) return result.data;
    throw new MalformedMessageError({
      why: z.prettifyError(result.error).split('\n', 2).join(' ').slice(0, 512),
      cause: result.error,
    });
  },
});

function unpack(bytes: Uint8Array): unknown {
  try {
    return packr.unpack(bytes);
  } catch (cause) {
    throw new MalformedMessageError({ why: 'it is not msgpack', cause });
  }
}

export const termsCodec: Codec<Terms> = codecOf(termsSchema);
export const workerCodec: Codec<WorkerMessage> = codecOf(workerMessageSchema);
export const coordinatorCodec: Codec<CoordinatorMessage> = codecOf(coordinatorMessageSchema);
export const bucketFrameCodec: Codec<BucketFrame> = codecOf(bucketFrameSchema);
export const fetchRequestCodec: Codec<FetchRequest> = codecOf(fetchRequestSchema);
export const fetchResponseCodec: Codec<FetchResponse> = codecOf(fetchResponseSchema);
