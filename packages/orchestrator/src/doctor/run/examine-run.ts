/** Why others can't join this run: what its own machine can see of it. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dateTime } from '@murmuration/protocol/dashboard';
import { isLoopback } from '../../http/address.ts';
import { readHttpEndpoint } from '../../http/endpoint-file.ts';
import type { HttpEndpoint } from '../../http/endpoint-file.ts';
import { openRunDirectory, writingProcess } from '../../store/run-directory.ts';
import type { RunPaths } from '../../store/run-directory.ts';
import { isOpen } from '../../tokens/token-state.ts';
import { TokenStore } from '../../tokens/token-store.ts';
import { bad, causeText, good, missing } from '../finding.ts';
import type { Finding } from '../finding.ts';
import { PATIENCE_MS, probePort } from '../join/probes.ts';
import { readTarget } from '../join/target.ts';
import type { Endpoint } from '../join/target.ts';
import { viewJournal } from './journal-view.ts';
import type { JournalView } from './journal-view.ts';

const plural = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`;

function examineState({ outcome, round }: JournalView, process: number | null, directory: string): Finding {
  if (process !== null) return good('run', `under way in process ${process}, ${plural(round, 'round')} committed`);
  const resume = `Go on with \`orchestrate resume ${directory}\`.`;
  if (outcome === null) return bad('run', `nobody writes it; it stopped after round ${round}`, resume);
  const mend = outcome.outcome === 'finished' ? 'There is nothing left to join; start a new run.' : resume;
  return bad('run', `it is over (${outcome.outcome}): ${outcome.reason}`, mend);
}

function examineRoom({ present, maxMembers }: JournalView): Finding {
  if (present < maxMembers) return good('members', `${present} of at most ${maxMembers}`);
  return bad(
    'members',
    `the run is full: ${present} of at most ${maxMembers}`,
    'Raise workers.maximum in the job of the next run.',
  );
}

/** Where an address leads; null for one that is not of a port (a relay's, another network's). */
function endpointOf(address: string): Endpoint | null {
  try {
    return readTarget(address).endpoint;
  } catch {
    return null;
  }
}

/** Whether an address that others are told leads here, seen from this machine. */
async function examineAddress(address: string): Promise<Finding> {
  const name = `address ${address}`;
  const endpoint = endpointOf(address);
  if (endpoint === null) return missing(name, 'can not be tried from here', 'Try it on the machine that is to join.');
  const { state, found, mend } = await probePort(endpoint);
  if (state === 'good') return good(name, isLoopback(endpoint.host) ? 'answers, to this machine alone' : 'answers');
  return bad(name, found, `Others are told this address. ${mend ?? ''}`.trim());
}

function examineReach({ announced }: JournalView, pages: HttpEndpoint | null): Finding {
  const origin = pages === null ? [] : [new URL(pages.origin).hostname];
  const hosts = [...announced.map((address) => endpointOf(address)?.host ?? ''), ...origin];
  if (hosts.some((host) => host !== '' && !isLoopback(host)))
    return good('reach', 'other machines are told where to find this run');
  return missing(
    'reach',
    'only this machine can reach the run: all addresses are of the loopback interface',
    'To let others in, set network.listen: ["/ip4/0.0.0.0/tcp/4001"] in the job, or start with --http 0.0.0.0:8080 or behind a proxy with --announce.',
  );
}

async function examinePages(pages: HttpEndpoint | null): Promise<Finding> {
  if (pages === null)
    return missing('pages', 'none are served: browsers can’t join', 'Start or resume with --http 127.0.0.1:8080.');
  const { origin, listens } = pages;
  try {
    const answer = await fetch(new URL('/healthz', origin), { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (answer.ok) return good('pages', `${origin} answers`);
    return bad(
      'pages',
      `${origin} answers with status ${answer.status}`,
      `The server itself listens on ${listens}: look at the proxy between.`,
    );
  } catch (error) {
    const why = causeText(error instanceof Error && error.cause !== undefined ? error.cause : error);
    return bad(
      'pages',
      `${origin} does not answer from here: ${why}`,
      `The server itself listens on ${listens}: look at name service, proxy and certificate between.`,
    );
  }
}

function examineTokens({ directory }: RunPaths): Finding[] {
  using tokens = TokenStore.find(directory);
  if (tokens?.required !== true) return [good('tokens', 'none is asked for: anybody may join')];
  const all = tokens.list();
  const open = all.filter((token) => isOpen(token, Date.now()) && token.label !== TokenStore.OWN);
  const make = `Make one with \`orchestrate token ${directory}\`.`;
  const state =
    open.length === 0
      ? bad('tokens', 'the run asks for one, and none is open', make)
      : good(
          'tokens',
          `${open.length} of ${all.length} open: ${open.map(({ id, used, uses }) => `${id} (${used} of ${uses ?? 'any number'} used)`).join(', ')}`,
        );
  const refused = tokens.refusals();
  if (refused.length === 0) return [state];
  const [last] = refused;
  const counts = refused.map(({ code, count }) => `${count} × ${code}`).join(', ');
  return [
    state,
    missing(
      'refused by token',
      `${counts}; the last ${dateTime(last?.at ?? 0)} UTC, ${last?.peer ?? ''}`,
      'Send a new link to who should be in.',
    ),
  ];
}

function examineRefusals({ refusals, lastRefused }: JournalView): Finding {
  if (refusals.size === 0) return good('refused', 'nobody by the run itself while it went on');
  const counts = [...refusals].map(([code, count]) => `at least ${count} × ${code}`).join(', ');
  const last = lastRefused.map(({ at, peerId, reason }) => `${dateTime(at)} UTC ${peerId}: ${reason}`).join('; ');
  return missing('refused', `${counts}. The last noted: ${last}`, null);
}

/** Where the coordinator listens, for a run that announces other addresses. */
function listening({ directory }: RunPaths): string[] {
  const file = join(directory, 'endpoint.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as string[]) : [];
}

/** @throws RunNotFoundError, CorruptFileError, JournalAlteredError */
export async function examineRun(directory: string): Promise<Finding[]> {
  const { paths } = openRunDirectory(directory);
  const view = viewJournal(paths.journal);
  const process = writingProcess(paths);
  const pages = readHttpEndpoint(paths.directory);
  const state = examineState(view, process, paths.directory);
  const history = [...examineTokens(paths), examineRefusals(view)];
  if (process === null) return [state, ...history];
  const told = [
    ...new Set([...view.announced, ...listening(paths)].map((address) => address.replace(/\/p2p\/.*$/, ''))),
  ];
  return [
    state,
    examineRoom(view),
    ...(await Promise.all(told.map(examineAddress))),
    await examinePages(pages),
    examineReach(view, pages),
    ...history,
  ];
}
