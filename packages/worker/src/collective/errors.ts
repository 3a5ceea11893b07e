/** What can go wrong in a member's part of a reduction. */
import { MurmurationError } from '@murmuration/protocol';

/** A bucket that a reduction or an update needs is not here. Cause: its sender was pushed out of its room by newer ones. */
export class MissingBucketError extends MurmurationError {
  readonly code = 'MISSING_BUCKET';

  constructor({ from, assignment, bucket }: { from: string; assignment: number; bucket: number }) {
    super({
      message: `Bucket ${bucket} of ${from} under assignment ${assignment} is not here.`,
      mend: 'The coordinator forms another view by itself.',
    });
  }
}
