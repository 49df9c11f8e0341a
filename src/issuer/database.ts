/**
 * The issuer's database: SQLite, WAL, synchronous=FULL, readable by its owner only, because it holds the serial key and the secrets of the
 * issuing keys. Nothing is handed out before it is on the disk.
 */

import { chmodSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'libsql'
import { Refusal, refuse } from '../errors/errors.ts'

const TABLES = `
  CREATE TABLE IF NOT EXISTS issuer (
    one INTEGER PRIMARY KEY CHECK (one = 1), format INTEGER NOT NULL, organisation TEXT NOT NULL, serial_key BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS schema (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, json TEXT NOT NULL, current INTEGER NOT NULL);
  CREATE UNIQUE INDEX IF NOT EXISTS schema_current ON schema (name) WHERE current = 1;
  CREATE TABLE IF NOT EXISTS issuing_key (
    x TEXT NOT NULL, y TEXT NOT NULL, secret TEXT NOT NULL, schema_id TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('active', 'rotated', 'compromised')), PRIMARY KEY (x, y));
  CREATE UNIQUE INDEX IF NOT EXISTS key_active ON issuing_key (schema_id) WHERE status = 'active';
  CREATE TABLE IF NOT EXISTS list (
    schema_id TEXT NOT NULL, number INTEGER NOT NULL, permutation_key BLOB NOT NULL, used INTEGER NOT NULL,
    version INTEGER NOT NULL, published INTEGER NOT NULL, sequence INTEGER NOT NULL, PRIMARY KEY (schema_id, number));
  CREATE TABLE IF NOT EXISTS credential (
    id TEXT PRIMARY KEY, schema_id TEXT NOT NULL, serial TEXT NOT NULL, list_number INTEGER NOT NULL, status_index INTEGER NOT NULL,
    key_x TEXT NOT NULL, commitment TEXT NOT NULL, issued_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, revoked_at INTEGER,
    UNIQUE (schema_id, list_number, status_index));
  CREATE INDEX IF NOT EXISTS credential_serial ON credential (serial);
  CREATE INDEX IF NOT EXISTS credential_revoked ON credential (schema_id, list_number) WHERE revoked_at IS NOT NULL;
  CREATE TABLE IF NOT EXISTS offer (
    code TEXT PRIMARY KEY, id TEXT NOT NULL, schema_id TEXT NOT NULL, document TEXT, valid_until INTEGER NOT NULL,
    replaces INTEGER NOT NULL, expires_at INTEGER NOT NULL, holder_id TEXT, credential TEXT);
`
export const FORMAT = 1

/** Another process of the same issuer holds the lock for one transaction at a time. */
const LOCK_WAIT_MS = 5_000

type Row = Readonly<Record<string, unknown>>
type Value = string | number | Uint8Array | null

export class IssuerDatabase {
  private readonly db: Database.Database
  private readonly statements = new Map<string, Database.Statement>()

  /** Opens or creates. @throws Refusal STORAGE, CORRUPT (SQLite's own check fails), BUSY */
  constructor(path: string) {
    this.db = storage(() => {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
      const db = new Database(path)
      chmodSync(path, 0o600)
      for (const pragma of [`busy_timeout = ${LOCK_WAIT_MS}`, 'journal_mode = WAL', 'synchronous = FULL', 'secure_delete = ON']) db.pragma(pragma)
      const [check] = db.prepare('PRAGMA quick_check(1)').all() as { quick_check: string }[]
      if (check?.quick_check !== 'ok') refuse('CORRUPT', 'the issuer’s database fails its check')
      db.exec(TABLES)
      return db
    })
  }

  one<T = Row>(sql: string, ...values: readonly Value[]): T | undefined {
    return storage(() => this.sql(sql).get(...values) as T | undefined)
  }

  all<T = Row>(sql: string, ...values: readonly Value[]): readonly T[] {
    return storage(() => this.sql(sql).all(...values) as T[])
  }

  /** @returns the number of rows changed */
  run(sql: string, ...values: readonly Value[]): number {
    return storage(() => this.sql(sql).run(...values).changes)
  }

  /** All or nothing, durable when it returns. Not nested. */
  transaction<T>(work: () => T): T {
    return storage(() => this.db.transaction(work).immediate())
  }

  close(): void {
    this.db.close()
  }

  private sql(text: string): Database.Statement {
    let statement = this.statements.get(text)
    if (!statement) this.statements.set(text, (statement = this.db.prepare(text)))
    return statement
  }
}

/** SQLite's failures as refusals; its messages may hold values, so they stay here. */
function storage<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof Refusal) throw error
    const code = (error as { code?: unknown } | null)?.code
    if (typeof code !== 'string' || !/^(SQLITE|E[A-Z]+$)/.test(code)) throw error
    if (/^SQLITE_(BUSY|LOCKED)/.test(code)) return refuse('BUSY', 'the issuer’s database is locked')
    return refuse(/^SQLITE_(CORRUPT|NOTADB)/.test(code) ? 'CORRUPT' : 'STORAGE', `the issuer’s database refused (${code})`)
  }
}
