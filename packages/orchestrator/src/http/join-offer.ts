/** What a volunteer's tab is told before it begins. */
import type { RunId } from '@murmuration/protocol';
import type { JoinOffer, RunSnapshot } from '@murmuration/protocol/dashboard';
import { originAddress } from '@murmuration/protocol/net-core';

/** What only the coordinator's side knows; it does not change while the server runs. */
export interface JoinFacts {
  readonly runId: RunId;
  readonly peerId: string;
  readonly protocolVersion: string;
  readonly tokenRequired: boolean;
  readonly stateBytes: number;
  readonly files: JoinOffer['files'];
}

/** Why nobody is taken in; null when workers are. */
function closedBecause({ figures, live }: RunSnapshot): string | null {
  if (figures.outcome !== null) return `The run is over: ${figures.outcome.reason}.`;
  if (figures.phase === 'closing' || figures.phase === 'over')
    return `The run takes nobody in any more: ${figures.reason}.`;
  return live ? null : 'Nobody coordinates this run now; it may be resumed.';
}

/** @param facts null where nobody coordinates the run from here */
export function joinOffer(run: RunSnapshot, facts: JoinFacts | null, origin: URL): JoinOffer {
  const { head } = run;
  const reason = closedBecause(run);
  const open = reason === null && facts !== null;
  return {
    runId: head.runId,
    name: head.name,
    model: head.model,
    parameters: head.parameters,
    protocolVersion: facts?.protocolVersion ?? '',
    open,
    reason: open ? 'The run takes workers in.' : (reason ?? 'This page only shows the run; it takes nobody in.'),
    addresses: open ? [`${originAddress(origin)}/p2p/${facts.peerId}`] : [],
    sameOrigin: open,
    tokenRequired: facts?.tokenRequired ?? false,
    payment: head.payment,
    microBatch: head.microBatch,
    numerics: head.numerics,
    dataBytes: (facts?.files ?? []).reduce((sum, { bytes }) => sum + bytes, 0),
    stateBytes: facts?.stateBytes ?? 0,
    files: facts?.files ?? [],
  };
}
