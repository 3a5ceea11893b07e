/** A link of a run's pages as what a worker program takes: the coordinator's address and the join token. */
import { MurmurationError } from '@murmuration/protocol';
import { probePages } from '../doctor/join/offer.ts';
import { readTarget } from '../doctor/join/target.ts';

/** The link leads to no run that can be joined now. */
class JoinLinkError extends MurmurationError {
  readonly code = 'JOIN_LINK';

  constructor({ origin, found, mend }: { origin: string; found: string; mend: string }) {
    super({ message: `${origin}: ${found.replace(/\.$/, '')}.`, mend });
  }
}

export interface JoinPlace {
  readonly address: string;
  /** Null: the link has none. */
  readonly token: string | null;
}

export const isLink = (text: string): boolean => /^https?:\/\//i.test(text);

/** @throws JoinTargetError, JoinLinkError */
export async function placeOfLink(link: string): Promise<JoinPlace> {
  const target = readTarget(link);
  if (target.kind === 'address') return { address: target.address, token: null };
  const { origin } = target.origin;
  const { finding, offer } = await probePages(target.origin);
  const [address] = offer?.addresses ?? [];
  if (address !== undefined) return { address, token: target.token };
  throw new JoinLinkError({
    origin,
    found: offer?.reason ?? finding.found,
    mend: `Run \`orchestrate doctor --join ${origin}\` to see where it fails.`,
  });
}
