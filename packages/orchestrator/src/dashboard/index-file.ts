/** The file of the index: beside the journal, or in a temporary folder where that can't be written. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { SQLInputValue, StatementSync } from 'node:sqlite';
import { INDEX_VERSION, schema } from './schema.ts';
import { IndexUnusableError } from './errors.ts';

/** Another reader of the same run fills the index at this moment. */
const SQLITE_BUSY = 5;
/** Results of SQLite, their lowest byte: a row that the tables don't take. */
const REFUSALS: ReadonlySet<number> = new Set([19, 20, 25]);
/** Another reader may be making or closing the file. */
const PATIENCE_MS = 5000;
const CACHE_KIB = 16_384;
/** Pages of 4 KiB that are written before they go into the file proper. */
const WAL_PAGES = 1000;

const resultOf = (error: unknown): number | undefined => {
  const code = (error as { errcode?: number }).errcode;
  return code === undefined ? undefined : code & 0xff;
};

/** Whether what was to be written is at fault, and not the file. */
export function isRefusedRow(error: unknown): boolean {
  const result = resultOf(error);
  return result === undefined || REFUSALS.has(result);
}

/** A row as SQLite gives it. */
export type Row = Readonly<Record<string, string | number | null>>;

/** An open index: statements are prepared once. */
export class IndexFile {
  readonly file: string;
  readonly #database: DatabaseSync;
  readonly #temporary: boolean;
  readonly #statements = new Map<string, StatementSync>();

  private constructor(file: string, temporary: boolean) {
    this.file = file;
    this.#temporary = temporary;
    this.#database = new DatabaseSync(file, { timeout: PATIENCE_MS });
    try {
      this.#database.exec(
        `PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -${CACHE_KIB}; PRAGMA wal_autocheckpoint = ${WAL_PAGES};`,
      );
      this.#database.exec('BEGIN IMMEDIATE');
      if (this.#version() !== INDEX_VERSION) this.clear();
      this.#database.exec('COMMIT');
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  /** @throws IndexUnusableError when it can be kept neither at `preferred` nor in a temporary folder */
  static open(preferred: string): IndexFile {
    try {
      return new IndexFile(preferred, false);
    } catch {
      // A directory that is read-only, a full disk, or something else of this name: the journal is all that is needed.
      return IndexFile.#openElsewhere(preferred);
    }
  }

  static #openElsewhere(preferred: string): IndexFile {
    const folder = mkdtempSync(join(tmpdir(), 'murmuration-dashboard-'));
    try {
      return new IndexFile(join(folder, 'dashboard.sqlite'), true);
    } catch (cause) {
      rmSync(folder, { recursive: true, force: true });
      throw new IndexUnusableError({ file: preferred, cause });
    }
  }

  #version(): number {
    return (this.#database.prepare('PRAGMA user_version').get() as { user_version: number }).user_version;
  }

  /** Throws all rows away. */
  clear(): void {
    this.#statements.clear();
    const tables = this.#database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all() as {
      name: string;
    }[];
    for (const { name } of tables) this.#database.exec(`DROP TABLE "${name}"`);
    this.#database.exec(`${schema} PRAGMA user_version = ${INDEX_VERSION};`);
  }

  run(sql: string, ...values: readonly SQLInputValue[]): void {
    this.#statement(sql).run(...values);
  }

  get(sql: string, ...values: readonly SQLInputValue[]): Row | undefined {
    return this.#statement(sql).get(...values) as Row | undefined;
  }

  all(sql: string, ...values: readonly SQLInputValue[]): readonly Row[] {
    return this.#statement(sql).all(...values) as Row[];
  }

  /** Rows one by one, for whoever stops early. */
  each(sql: string, ...values: readonly SQLInputValue[]): Iterable<Row> {
    return this.#statement(sql).iterate(...values) as Iterable<Row>;
  }

  /**
   * Begins a transaction: what is written from here on counts when it is committed, and questions see it at once. Nobody
   * waits for another: whoever finds the index taken reads what the other has written.
   * @returns false when another writes at this moment
   */
  begin(): boolean {
    try {
      this.#database.exec('PRAGMA busy_timeout = 0; BEGIN IMMEDIATE;');
      return true;
    } catch (error) {
      if (resultOf(error) === SQLITE_BUSY) return false;
      throw error;
    } finally {
      this.#database.exec(`PRAGMA busy_timeout = ${PATIENCE_MS}`);
    }
  }

  commit(): void {
    this.#database.exec('COMMIT');
  }

  /** Takes back what was written since {@link begin}. */
  rollBack(): void {
    if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
    if (this.#temporary) rmSync(dirname(this.file), { recursive: true, force: true });
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}
