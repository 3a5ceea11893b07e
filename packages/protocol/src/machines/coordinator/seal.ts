/** The coordinator's statement of a round: which view's reduced buckets count. */
import type { CoordinatorMessageOf } from '../../wire/control.ts';
import { infosOf } from './select.ts';
import type { CoordinatorState, SealedRoundState } from './state.ts';

/** As sent to members and, again, to whoever comes while it is applied. */
export function sealMessage(
  state: CoordinatorState,
  { round, view, seal }: SealedRoundState,
): CoordinatorMessageOf<'seal'> {
  const { digest, hashes, samples, snapshot } = seal;
  return {
    type: 'seal',
    round,
    view,
    digest,
    hashes: [...hashes],
    samples,
    holders: infosOf(state, seal.holders),
    snapshot,
  };
}
