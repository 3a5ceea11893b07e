/** What a simulation finds. */
import { MurmurationError } from '../core/errors.ts';

/** An invariant does not hold. The seed replays it. */
class InvariantError extends MurmurationError {
  readonly code = 'INVARIANT';

  constructor({ invariant, detail }: { invariant: string; detail: string }) {
    super({
      message: `The invariant "${invariant}" does not hold: ${detail}.`,
      mend: 'Run the simulation again with MURMURATION_SIM_SEED set to this seed.',
    });
  }
}

/** @throws InvariantError unless `holds` */
export function invariant(holds: boolean, name: string, detail: () => string): asserts holds {
  if (!holds) throw new InvariantError({ invariant: name, detail: detail() });
}
