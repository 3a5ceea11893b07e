/** Whether two ends understand each other. */
import { MurmurationError } from '../core/errors.ts';
import { PROTOCOL_VERSION } from './names.ts';

/** The other side speaks another major version. Cause: one of the two was updated and the other was not. */
export class ProtocolVersionError extends MurmurationError {
  readonly code = 'PROTOCOL_VERSION';

  constructor({ theirs, ours }: { theirs: string; ours: string }) {
    super({
      message: `The peer speaks protocol ${JSON.stringify(theirs)}, this side ${ours}.`,
      mend: 'Install the same version of murmuration on both sides.',
    });
  }
}

const major = (version: string): string => version.split('.', 1)[0] ?? '';

/** Same major version: later minor ones only add what the other side may ignore. */
export const speaksOurVersion = (theirs: string): boolean => major(theirs) === major(PROTOCOL_VERSION);

/** @throws ProtocolVersionError when the other side's major version is not ours */
export function assertProtocolVersion(theirs: string): void {
  if (!speaksOurVersion(theirs)) throw new ProtocolVersionError({ theirs, ours: PROTOCOL_VERSION });
}
