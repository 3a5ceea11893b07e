/**
 * The join tokens of a run, `join-tokens.sqlite`: made by `orchestrate token`, spent by the coordinator, at the same time if
 * need be. A use is a peer: one that comes back, to this coordinator or to a restarted one, uses nothing again.
 */
import { closeSync, existsSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { PeerId } from '@murmuration/protocol';
import { CorruptFileError } from '../store/errors.ts';
import { makeToken, readToken, sameDigest } from './token-text.ts';

export interface TokenTerms {
  /** For whom it is; people's own words. */
  readonly label: string;
  /** Peers that it admits; null: any number. */
  readonly uses: number | null;
  /** Milliseconds since 1970; null: never. */
  readonly expiresAt: number | null;
}

export interface TokenRecord extends TokenTerms {
  readonly id: string;
  readonly createdAt: number;
  readonly revokedAt: number | null;
  /** Peers that it has admitted. */
  readonly used: number;
}

export type TokenVerdict =
  | { readonly admitted: true; readonly id: string }
  | { readonly admitted: false; readonly code: TokenRefusal; readonly reason: string };

const reasons = {
  TOKEN_MISSING: 'this run takes only workers that bring a join token, and this one brought none',
  TOKEN_UNKNOWN: 'its join token is not one of this run',
  TOKEN_REVOKED: 'its join token was taken back',
  TOKEN_EXPIRED: 'its join token has expired',
  TOKEN_USED_UP: 'its join token has admitted as many workers as it may',
} as const;
export type TokenRefusal = keyof typeof reasons;

const refused = (code: TokenRefusal): TokenVerdict => ({ admitted: false, code, reason: reasons[code] });

const schema = `
  CREATE TABLE IF NOT EXISTS tokens (
    id TEXT PRIMARY KEY, digest BLOB NOT NULL, label TEXT NOT NULL, uses INTEGER, expires_at INTEGER,
    created_at INTEGER NOT NULL, revoked_at INTEGER
  ) STRICT;
  CREATE TABLE IF NOT EXISTS uses (
    id TEXT NOT NULL, peer TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (id, peer)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS refusals (
    code TEXT PRIMARY KEY, count INTEGER NOT NULL, peer TEXT NOT NULL, at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
`;

const select = `
  SELECT tokens.id AS id, digest, label, uses, expires_at AS expiresAt, created_at AS createdAt, revoked_at AS revokedAt,
    (SELECT COUNT(*) FROM uses WHERE uses.id = tokens.id) AS used
  FROM tokens
`;

type Row = TokenRecord & { readonly digest: Uint8Array };

/** Refusals are noted at most so often: a flood of them is no flood of writes. */
const REFUSAL_INTERVAL_MS = 1000;

/** How often a reason kept peers out, and whom last. */
export interface TokenRefusals {
  readonly code: TokenRefusal;
  readonly count: number;
  readonly peer: string;
  readonly at: number;
}

const tokensFile = (directory: string): string => join(directory, 'join-tokens.sqlite');

export class TokenStore implements Disposable {
  /** The label of what a coordinator gives to the workers that it starts. */
  static readonly OWN = 'workers of this machine';

  readonly #database: DatabaseSync;
  /** Refusals since the last note, by their code. */
  readonly #unnoted = new Map<TokenRefusal, TokenRefusals>();
  #notedAt = -Infinity;

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Opens the tokens of the run in `directory`, and makes their file if there is none. @throws CorruptFileError */
  static open(directory: string): TokenStore {
    const file = tokensFile(directory);
    // For its owner's eyes alone, from the first moment.
    if (!existsSync(file)) closeSync(openSync(file, 'a', 0o600));
    try {
      const database = new DatabaseSync(file, { timeout: 5000 });
      database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; ${schema}`);
      return new TokenStore(database);
    } catch (cause) {
      throw new CorruptFileError({ file, why: 'it does not hold join tokens', cause });
    }
  }

  /** The tokens of a run that has any; null for one that never had. @throws CorruptFileError */
  static find(directory: string): TokenStore | null {
    return existsSync(tokensFile(directory)) ? TokenStore.open(directory) : null;
  }

  /** Whether the run takes only workers with a token. */
  get required(): boolean {
    const row = this.#database.prepare(`SELECT value FROM settings WHERE name = 'required'`).get();
    return row?.['value'] === 1;
  }

  set required(value: boolean) {
    this.#database
      .prepare(`INSERT INTO settings VALUES ('required', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value`)
      .run(Number(value));
  }

  /** Makes a token. Its text is known here and now only. @param random `TOKEN_BYTES` of them */
  issue({ label, uses, expiresAt }: TokenTerms, random: Uint8Array, now: number): { id: string; text: string } {
    const { id, digest, text } = makeToken(random);
    this.#database
      .prepare('INSERT INTO tokens (id, digest, label, uses, expires_at, created_at) VALUES (?, ?, ?, ?, ?, ?)')
      .run(id, digest, label, uses, expiresAt, now);
    return { id, text };
  }

  /** All of them, the newest first. */
  list(): TokenRecord[] {
    return (this.#database.prepare(`${select} ORDER BY created_at DESC, id`).all() as unknown as Row[]).map(
      ({ digest: _digest, ...record }) => record,
    );
  }

  /** Takes a token back: nobody is admitted by it any more, not even who was. False when there is none of that id. */
  revoke(id: string, now: number): boolean {
    const done = this.#database
      .prepare('UPDATE tokens SET revoked_at = COALESCE(revoked_at, ?) WHERE id = ?')
      .run(now, id);
    return done.changes === 1;
  }

  /** Takes back all tokens of a label. */
  revokeAll(label: string, now: number): void {
    this.#database.prepare('UPDATE tokens SET revoked_at = ? WHERE label = ? AND revoked_at IS NULL').run(now, label);
  }

  /** Who was refused, the last refusal first. */
  refusals(): TokenRefusals[] {
    return this.#database
      .prepare('SELECT code, count, peer, at FROM refusals ORDER BY at DESC')
      .all() as unknown as TokenRefusals[];
  }

  /** Judges a token that a peer brought, and counts the peer; what it answers is on disk. */
  admit(text: string | null, peer: PeerId, now: number): TokenVerdict {
    const verdict = this.#admit(text, peer, now);
    if (!verdict.admitted) this.#noteRefusal(verdict.code, peer, now);
    return verdict;
  }

  #noteRefusal(code: TokenRefusal, peer: PeerId, now: number): void {
    this.#unnoted.set(code, { code, count: (this.#unnoted.get(code)?.count ?? 0) + 1, peer, at: now });
    if (now - this.#notedAt < REFUSAL_INTERVAL_MS) return;
    this.#notedAt = now;
    const note = this.#database.prepare(
      'INSERT INTO refusals VALUES (:code, :count, :peer, :at) ON CONFLICT (code) DO UPDATE SET count = count + :count, peer = :peer, at = :at',
    );
    for (const refusal of this.#unnoted.values()) note.run({ ...refusal });
    this.#unnoted.clear();
  }

  #admit(text: string | null, peer: PeerId, now: number): TokenVerdict {
    if (text === null) return refused('TOKEN_MISSING');
    const presented = readToken(text);
    if (presented === null) return refused('TOKEN_UNKNOWN');
    // One transaction, so that two peers can't both be the last.
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const verdict = this.#judge(presented, peer, now);
      if (verdict.admitted)
        this.#database.prepare('INSERT OR IGNORE INTO uses VALUES (?, ?, ?)').run(verdict.id, peer, now);
      this.#database.exec('COMMIT');
      return verdict;
    } catch (error) {
      this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  /** Judges a token as it would be judged from a newcomer, and counts nothing. */
  look(text: string | null, now: number): TokenVerdict {
    if (text === null) return refused('TOKEN_MISSING');
    const presented = readToken(text);
    return presented === null ? refused('TOKEN_UNKNOWN') : this.#judge(presented, null, now);
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }

  /** @param peer null: nobody who was here before */
  #judge({ id, digest }: { id: string; digest: Uint8Array }, peer: PeerId | null, now: number): TokenVerdict {
    const row = this.#database.prepare(`${select} WHERE tokens.id = ?`).get(id) as unknown as Row | undefined;
    if (row === undefined || !sameDigest(row.digest, digest)) return refused('TOKEN_UNKNOWN');
    if (row.revokedAt !== null) return refused('TOKEN_REVOKED');
    const known = this.#database.prepare('SELECT 1 FROM uses WHERE id = ? AND peer = ?').get(id, peer) !== undefined;
    if (known) return { admitted: true, id };
    if (row.expiresAt !== null && row.expiresAt <= now) return refused('TOKEN_EXPIRED');
    if (row.uses !== null && row.used >= row.uses) return refused('TOKEN_USED_UP');
    return { admitted: true, id };
  }
}
