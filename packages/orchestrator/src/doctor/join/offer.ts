/** What the pages' server says of the run, asked as a volunteer's tab asks it. */
import { PROTOCOL_VERSION, speaksOurVersion } from '@murmuration/protocol';
import { apiPaths } from '@murmuration/protocol/dashboard';
import { z } from 'zod';
import { bad, causeText, good, missing } from '../finding.ts';
import type { Finding } from '../finding.ts';
import { PATIENCE_MS } from './probes.ts';

/** The parts of the offer that decide whether one can join. */
const offerSchema = z.looseObject({
  runId: z.string().max(100),
  model: z.string().max(1000),
  open: z.boolean(),
  reason: z.string().max(10_000),
  protocolVersion: z.string().max(100),
  tokenRequired: z.boolean(),
  addresses: z.array(z.string().max(1000)).max(32),
});
export type Offer = z.infer<typeof offerSchema>;
const refusalSchema = z.looseObject({ error: z.looseObject({ code: z.string(), message: z.string().max(1000) }) });
const tokenSchema = z.looseObject({ good: z.boolean(), reason: z.string().max(1000) });

/** The most that an answer may hold: bytes. */
const MOST = 1 << 20;

interface Answer {
  readonly status: number;
  readonly value: unknown;
}

async function ask(origin: URL, path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const response = await fetch(new URL(path, origin), {
    headers,
    redirect: 'error',
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  const text = await response.text();
  if (text.length > MOST) throw new Error('the answer is too long');
  let value: unknown = null;
  try {
    value = JSON.parse(text);
  } catch {
    // A page of somebody else's: said by its status alone.
  }
  return { status: response.status, value };
}

/** `fetch` hides what happened behind "fetch failed". */
const fetchFailure = (error: unknown): string =>
  causeText(error instanceof Error && error.cause !== undefined ? error.cause : error);

export async function probePages(origin: URL): Promise<{ readonly finding: Finding; readonly offer: Offer | null }> {
  const name = 'pages';
  const no = (found: string, mend: string): { finding: Finding; offer: null } => ({
    finding: bad(name, found, mend),
    offer: null,
  });
  try {
    const { status, value } = await ask(origin, apiPaths.join);
    const offer = offerSchema.safeParse(value);
    if (status === 200 && offer.success)
      return { finding: good(name, `they show ${offer.data.runId}: ${offer.data.model}`), offer: offer.data };
    const refusal = refusalSchema.safeParse(value);
    if (refusal.success)
      return no(`they refuse (${refusal.data.error.code}): ${refusal.data.error.message}`, 'See the sentence before.');
    return no(
      `another server answers there (status ${status})`,
      'Check the port in the link, or where the proxy sends it.',
    );
  } catch (error) {
    return no(
      `they don't answer: ${fetchFailure(error)}`,
      'A proxy may stand there without a run behind it, or another service.',
    );
  }
}

export function examineOffer({ open, reason, protocolVersion }: Offer): Finding[] {
  if (!open) return [bad('run', reason, 'Nothing is wrong on this side; ask the owner of the run.')];
  const version = speaksOurVersion(protocolVersion)
    ? good('version', `protocol ${protocolVersion} on both sides`)
    : bad(
        'version',
        `the run speaks protocol ${protocolVersion}, this program ${PROTOCOL_VERSION}`,
        'Install the same version of murmuration on both sides; a browser gets the right one from the page.',
      );
  return [good('run', reason), version];
}

/** Whether the token would let one in. Asking counts as no use of it. */
export async function probeToken(origin: URL, { tokenRequired }: Offer, token: string | null): Promise<Finding> {
  if (!tokenRequired) return good('token', 'none is asked for');
  if (token === null)
    return bad(
      'token',
      'the run asks for one, and the link has none',
      'Ask the owner for a link with #token=… at its end, or set MURMURATION_TOKEN.',
    );
  try {
    const { value } = await ask(origin, apiPaths.token, { authorization: `Bearer ${token}` });
    const said = tokenSchema.safeParse(value);
    if (!said.success) return missing('token', 'the server does not say whether it is good', 'Join, and see.');
    return said.data.good
      ? good('token', said.data.reason)
      : bad('token', said.data.reason, 'Ask the owner of the run for a new link.');
  } catch (error) {
    return missing('token', `it could not be asked about: ${fetchFailure(error)}`, 'Join, and see.');
  }
}
