/** What can be wrong with a job's data. All of them are the reader's to mend, so `check` reports them as bad input. */
import { MurmurationError } from '../core/errors.ts';

/** Causes: a path that leaves its package or the job's folder, an unknown scheme, `https:` without a hash. */
export class DataLocationError extends MurmurationError {
  readonly code = 'DATA_LOCATION';
  readonly location: string;
  constructor({ location, reason, mend }: { location: string; reason: string; mend: string }) {
    super({ message: `The data location ${location} cannot be used: ${reason}.`, mend });
    this.location = location;
  }
}

/** Cause: nothing is where the location points. */
export class DataFileMissingError extends MurmurationError {
  readonly code = 'DATA_FILE_MISSING';
  readonly location: string;
  constructor({
    location,
    searched,
    mend,
    cause,
  }: {
    location: string;
    searched: readonly string[];
    mend: string;
    cause?: unknown;
  }) {
    super({ message: `The data file ${location} does not exist (looked at ${searched.join(', ')}).`, mend, cause });
    this.location = location;
  }
}

/** Causes: another version of the file, or one that was damaged or tampered with. */
export class DataHashError extends MurmurationError {
  readonly code = 'DATA_HASH';
  readonly location: string;
  readonly expected: string;
  readonly actual: string;
  constructor({ location, expected, actual }: { location: string; expected: string; actual: string }) {
    super({
      message: `The data file ${location} has sha256 ${actual}, but the job says ${expected}.`,
      mend: 'Fetch the file that the job means, or correct sha256 in the job.',
    });
    this.location = location;
    this.expected = expected;
    this.actual = actual;
  }
}

/** Cause: bytes that are not what the source's type says. */
export class DataFormatError extends MurmurationError {
  readonly code = 'DATA_FORMAT';
  readonly location: string;
  constructor({ location, reason, mend, cause }: { location: string; reason: string; mend: string; cause?: unknown }) {
    super({ message: `The data file ${location} ${reason}.`, mend, cause });
    this.location = location;
  }
}

/** Cause: a file, a decompressed file or a vocabulary beyond its limit. */
export class DataSizeError extends MurmurationError {
  readonly code = 'DATA_SIZE';
  readonly location: string;
  constructor({ location, what, limit }: { location: string; what: string; limit: number }) {
    super({
      message: `The data at ${location} has more ${what} than the limit of ${limit}.`,
      mend: 'Use a smaller file, or cut it into parts.',
    });
    this.location = location;
  }
}

/** Causes: the server cannot be reached, answers with an error, or redirects away from https. */
export class DataDownloadError extends MurmurationError {
  readonly code = 'DATA_DOWNLOAD';
  readonly location: string;
  constructor({ location, reason, cause }: { location: string; reason: string; cause?: unknown }) {
    super({
      message: `The data file ${location} could not be downloaded: ${reason}.`,
      mend: 'Check the address and the network, then run again.',
      cause,
    });
    this.location = location;
  }
}

/** Cause: a text or a list of tokens that has no form in this vocabulary. */
export class TokenError extends MurmurationError {
  readonly code = 'TOKEN';
  constructor({ reason }: { reason: string }) {
    super({
      message: `The vocabulary of the training text has no ${reason}.`,
      mend: 'Use characters that occur in the training text, or the byte tokenizer.',
    });
  }
}

/** Causes: a sample or micro-batch number beyond the data, or a batch larger than its shape. */
export class SampleRangeError extends MurmurationError {
  readonly code = 'SAMPLE_RANGE';
  constructor({ reason }: { reason: string }) {
    super({
      message: `These samples do not exist: ${reason}.`,
      mend: 'Compare the sizes of the data with the numbers in the job.',
    });
  }
}
