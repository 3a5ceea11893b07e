/** Why this machine can't join a run: everything between the two, in the order in which a worker meets it. */
import type { Finding } from '../finding.ts';
import { missing } from '../finding.ts';
import { probeCoordinator } from './dial.ts';
import { examineOffer, probePages, probeToken } from './offer.ts';
import { probeName, probePort, probeTls, probeUpgrade } from './probes.ts';
import { readTarget } from './target.ts';
import type { JoinTarget } from './target.ts';

/** A look; it may end the examination by what it finds. */
type Look = () => Promise<readonly Finding[]>;

const isBad = ({ state }: Finding): boolean => state === 'bad';

/** One after the other up to the first that fails: what lies behind that can't be seen from here. */
async function upToFirstFailure(looks: readonly Look[]): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const look of looks) {
    findings.push(...(await look()));
    if (findings.some(isBad)) break;
  }
  return findings;
}

const one =
  (look: () => Promise<Finding>): Look =>
  async () => [await look()];

const common = ({ endpoint }: JoinTarget): Look[] => [one(() => probeName(endpoint)), one(() => probePort(endpoint))];

function byLink(target: Extract<JoinTarget, { kind: 'link' }>, token: string | null): Look[] {
  const { endpoint, origin } = target;
  return [
    ...common(target),
    one(() => probeTls(endpoint)),
    async () => {
      const { finding, offer } = await probePages(origin);
      if (offer === null) return [finding];
      const rest: Look[] = [
        () => Promise.resolve(examineOffer(offer)),
        one(() => probeToken(origin, offer, target.token ?? token)),
        one(() => probeUpgrade(endpoint)),
        () => Promise.all(offer.addresses.slice(0, 1).map(probeCoordinator)).then((found) => found.flat()),
      ];
      return [finding, ...(await upToFirstFailure(rest))];
    },
  ];
}

function byAddress(target: Extract<JoinTarget, { kind: 'address' }>, token: string | null): Look[] {
  const { endpoint, webSocket, address } = target;
  return [
    ...common(target),
    ...(webSocket ? [one(() => probeTls(endpoint)), one(() => probeUpgrade(endpoint))] : []),
    () => probeCoordinator(address),
    one(() => Promise.resolve(aboutToken(token))),
  ];
}

const aboutToken = (token: string | null): Finding =>
  token === null
    ? missing(
        'token',
        'none is given; the coordinator says at the hello whether it asks for one',
        'Set MURMURATION_TOKEN if the owner gave you one.',
      )
    : missing('token', 'one is given; the coordinator judges it at the hello', null);

/**
 * @param text a link or a multiaddr
 * @param token what the environment gives, for a target that carries none
 * @throws JoinTargetError
 */
export function examineJoin(text: string, token: string | null): Promise<Finding[]> {
  const target = readTarget(text);
  return upToFirstFailure(target.kind === 'link' ? byLink(target, token) : byAddress(target, token));
}
