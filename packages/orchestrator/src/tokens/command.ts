/** What `orchestrate token` does with a run's tokens. */
import { dateTime } from '@murmuration/protocol/dashboard';
import type { Output } from '../cli/output.ts';
import { readHttpEndpoint } from '../http/endpoint-file.ts';
import { TokenNotFoundError, TokenOptionError } from './errors.ts';
import { tokenState } from './token-state.ts';
import type { TokenRecord, TokenStore } from './token-store.ts';
import { TOKEN_BYTES } from './token-text.ts';

export interface TokenCommand {
  readonly tokens: TokenStore;
  readonly directory: string;
  readonly output: Output;
  readonly flags: {
    readonly uses?: string;
    readonly expires?: string;
    readonly label?: string;
    readonly list?: boolean;
    readonly revoke?: string;
  };
  readonly now: number;
  readonly random: (bytes: number) => Uint8Array;
}

const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const MAX_LABEL = 100;

/** `45m`, `12h`, `7d` in milliseconds. @throws TokenOptionError */
export function readLifetime(text: string): number {
  const [, count = '', unit = 'm'] = /^(\d{1,5})([mhd])$/.exec(text) ?? [];
  if (Number(count) < 1)
    throw new TokenOptionError({ option: '--expires', text, mend: 'Write it like 45m, 12h or 7d.' });
  return Number(count) * unitMs[unit as keyof typeof unitMs];
}

function readUses(text: string): number {
  const uses = /^\d{1,7}$/.test(text) ? Number(text) : 0;
  if (uses < 1) throw new TokenOptionError({ option: '--uses', text, mend: 'Write a number of workers, 1 or more.' });
  return uses;
}

/** In a fragment: browsers keep it to themselves, so it reaches no server's log. */
export const joinLink = (origin: string, token: string): string => `${origin}/join#token=${token}`;

function describe(record: TokenRecord, now: number): string {
  const { id, label, uses, used, expiresAt } = record;
  const until = expiresAt === null ? 'no expiry' : `until ${dateTime(expiresAt)} UTC`;
  return `${id}  ${tokenState(record, now).padEnd(10)}  ${used} of ${uses ?? 'any number of'} workers  ${until}  ${label}`.trimEnd();
}

function list({ tokens, output, now }: TokenCommand): void {
  const records = tokens.list();
  output.event({
    event: 'token.list',
    tokens: records.map((record) => ({ ...record, state: tokenState(record, now) })),
  });
  if (records.length === 0) output.result('No token was made for this run.');
  for (const record of records) output.result(describe(record, now));
}

function revoke({ tokens, output, now }: TokenCommand, id: string): void {
  if (!tokens.revoke(id, now)) throw new TokenNotFoundError({ id });
  output.event({ event: 'token.revoked', id });
  output.result(`${id} admits nobody any more. Workers that are in stay until they leave.`);
}

function make({ tokens, directory, output, flags, now, random }: TokenCommand): void {
  const { uses, expires, label = '' } = flags;
  if (label.length > MAX_LABEL)
    throw new TokenOptionError({ option: '--label', text: label, mend: `Use at most ${MAX_LABEL} characters.` });
  const terms = {
    label,
    uses: uses === undefined ? null : readUses(uses),
    expiresAt: expires === undefined ? null : now + readLifetime(expires),
  };
  const { id, text } = tokens.issue(terms, random(TOKEN_BYTES), now);
  const endpoint = readHttpEndpoint(directory);
  const link = endpoint === null ? null : joinLink(endpoint.origin, text);
  output.event({ event: 'token.made', id, token: text, link, ...terms });
  output.result(link ?? text);
  output.line(`It is shown this once. Take it back with \`orchestrate token ${directory} --revoke ${id}\`.`);
  if (link === null) output.line('No pages are served now; pass it to `orchestrate join ADDRESS --token-file FILE`.');
  if (!tokens.required) output.line('This run takes workers without a token too: start it with --require-token.');
}

/** @throws TokenOptionError, TokenNotFoundError */
export function tokenCommand(command: TokenCommand): void {
  const { flags } = command;
  if (flags.list === true) list(command);
  else if (flags.revoke !== undefined) revoke(command, flags.revoke);
  else make(command);
}
