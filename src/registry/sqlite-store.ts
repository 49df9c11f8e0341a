/**
 * The store in one directory: SQLite in WAL mode with synchronous=FULL, and beside it the last checkpoint given out.
 *
 *     registry.db (-wal, -shm)     entries, bodies, tree nodes, nullifiers, nonces
 *     checkpoint                   a signed note, replaced atomically
 *
 * A write-ahead log that lost its end opens without complaint; only the checkpoint beside it tells that entries are missing.
 */

import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'libsql'
import { Refusal, refuse } from '../errors/errors.ts'
import type { Digest } from '../hash/digest.ts'
import type { Place } from './log.ts'
import type { Batch, Store } from './store.ts'

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS entries    (idx INTEGER PRIMARY KEY, leaf TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS bodies     (digest TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS nodes      (level INTEGER, idx INTEGER, hash BLOB NOT NULL, PRIMARY KEY (level, idx)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS nullifiers (nullifier TEXT PRIMARY KEY, idx INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS nonces     (nonce TEXT PRIMARY KEY, idx INTEGER NOT NULL) WITHOUT ROWID;
`
const FORMAT = 1
const LOCK_WAIT = 2_000 // ms; another process holds the lock for one transaction at a time

export class SqliteStore implements Store {
  private readonly directory: string
  private readonly db: Database.Database
  private readonly statements = new Map<string, Database.Statement>()

  /**
   * Opens or creates the store.
   * @throws Refusal CORRUPT when SQLite's own check of the file fails, STORAGE, BUSY
   */
  constructor(directory: string) {
    this.directory = directory
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    this.db = mapped(() => new Database(join(directory, 'registry.db')))
    mapped(() => {
      for (const pragma of [`busy_timeout = ${LOCK_WAIT}`, 'journal_mode = WAL', 'synchronous = FULL']) this.db.pragma(pragma)
      this.prepareFile()
    })
  }

  async size(): Promise<number> {
    return this.read(() => (this.sql('SELECT coalesce(max(idx) + 1, 0) AS size FROM entries').get() as { size: number }).size)
  }

  async leaves(from: number, limit: number): Promise<readonly string[]> {
    const rows = this.read(() => this.sql('SELECT idx, leaf FROM entries WHERE idx >= ? ORDER BY idx LIMIT ?').all(from, limit) as { idx: number; leaf: string }[])
    rows.forEach(({ idx }, i) => idx === from + i || refuse('CORRUPT', `entry ${from + i} is missing`))
    return rows.map(({ leaf }) => leaf)
  }

  async body(digest: Digest): Promise<string | undefined> {
    return this.read(() => (this.sql('SELECT json FROM bodies WHERE digest = ?').get(digest) as { json: string } | undefined)?.json)
  }

  async nodes(places: readonly Place[]): Promise<readonly Uint8Array[]> {
    return this.read(() => {
      const one = this.sql('SELECT hash FROM nodes WHERE level = ? AND idx = ?')
      return places.map(({ level, index }) => {
        const row = one.get(level, index) as { hash: Uint8Array } | undefined
        return new Uint8Array(row?.hash ?? refuse('CORRUPT', `tree node ${level}/${index} is missing`))
      })
    })
  }

  async spentBy(nullifiers: readonly string[]): Promise<ReadonlyMap<string, number>> {
    return this.read(() => {
      const one = this.sql('SELECT idx FROM nullifiers WHERE nullifier = ?')
      return new Map(
        nullifiers.flatMap((nullifier) => {
          const row = one.get(nullifier) as { idx: number } | undefined
          return row ? [[nullifier, row.idx] as const] : []
        }),
      )
    })
  }

  async nonceUsedBy(nonce: string): Promise<number | undefined> {
    return this.read(() => (this.sql('SELECT idx FROM nonces WHERE nonce = ?').get(nonce) as { idx: number } | undefined)?.idx)
  }

  async counts(): Promise<{ nullifiers: number; nonces: number; nodes: number }> {
    const count = (table: string) => (this.sql(`SELECT count(*) AS n FROM ${table}`).get() as { n: number }).n
    return this.read(() => ({ nullifiers: count('nullifiers'), nonces: count('nonces'), nodes: count('nodes') }))
  }

  async snapshot<T>(reads: () => Promise<T>): Promise<T> {
    mapped(() => this.db.exec('BEGIN'))
    try {
      return await reads()
    } finally {
      this.rollBack()
    }
  }

  async commit(batch: Batch): Promise<'committed' | 'superseded'> {
    return mapped(() => {
      this.db.exec('BEGIN IMMEDIATE')
      try {
        const { size } = this.sql('SELECT coalesce(max(idx) + 1, 0) AS size FROM entries').get() as { size: number }
        if (size !== batch.index) {
          this.db.exec('ROLLBACK')
          return 'superseded'
        }
        this.insert(batch)
        this.db.exec('COMMIT')
        return 'committed'
      } catch (error) {
        this.rollBack()
        throw error
      }
    })
  }

  async prune(digests: readonly Digest[]): Promise<void> {
    mapped(() => {
      for (const digest of digests) this.sql('DELETE FROM bodies WHERE digest = ?').run(digest)
    })
  }

  async checkpoint(): Promise<string | undefined> {
    const path = join(this.directory, 'checkpoint')
    return mapped(() => (existsSync(path) ? readFileSync(path, 'utf8') : undefined))
  }

  async keepCheckpoint(note: string): Promise<void> {
    const path = join(this.directory, 'checkpoint')
    mapped(() => {
      // Two processes may share the directory: each writes a file of its own and renames it.
      const own = `${path}.${process.pid}`
      withFile(own, 'w', (file) => {
        writeSync(file, note)
        fsyncSync(file)
      })
      renameSync(own, path)
      withFile(this.directory, 'r', fsyncSync)
    })
  }

  async close(): Promise<void> {
    this.statements.clear()
    this.db.close()
  }

  private insert({ index, leaf, body, nodes, nullifiers, nonce }: Batch): void {
    this.sql('INSERT INTO entries VALUES (?, ?)').run(index, leaf)
    this.sql('INSERT OR IGNORE INTO bodies VALUES (?, ?)').run(body.digest, body.json)
    for (const node of nodes) this.sql('INSERT INTO nodes VALUES (?, ?, ?)').run(node.level, node.index, Buffer.from(node.hash))
    for (const nullifier of nullifiers) this.sql('INSERT INTO nullifiers VALUES (?, ?)').run(nullifier, index)
    if (nonce !== null) this.sql('INSERT INTO nonces VALUES (?, ?)').run(nonce, index)
  }

  private prepareFile(): void {
    const { user_version: format } = this.sql('PRAGMA user_version').get() as { user_version: number }
    if (format > FORMAT) refuse('STORAGE', `the store has format ${format}; this software reads up to ${FORMAT}`)
    const findings = (this.sql('PRAGMA integrity_check').all() as { integrity_check: string }[]).map((row) => row.integrity_check)
    if (findings[0] !== 'ok') refuse('CORRUPT', 'the database file fails its own check')
    this.db.exec(SCHEMA)
    this.db.exec(`PRAGMA user_version = ${FORMAT}`)
  }

  private rollBack(): void {
    try {
      if (this.db.inTransaction) this.db.exec('ROLLBACK')
    } catch {
      // The first error is the one to tell; SQLite rolls back by itself when the file is opened again.
    }
  }

  private read<T>(query: () => T): T {
    return mapped(query)
  }

  private sql(text: string): Database.Statement {
    const known = this.statements.get(text)
    if (known) return known
    const statement = this.db.prepare(text)
    this.statements.set(text, statement)
    return statement
  }
}

function withFile(path: string, flags: string, use: (file: number) => void): void {
  const file = openSync(path, flags, 0o600)
  try {
    use(file)
  } finally {
    closeSync(file)
  }
}

/** A row that is there already. Entries and nodes can only be so when the file is not what it was. */
function duplicate(message: string): never {
  if (message.includes('nullifiers.')) return refuse('NULLIFIER_SPENT', 'the database holds one of these nullifiers already')
  if (message.includes('nonces.')) return refuse('REPLAYED', 'the database holds this nonce already')
  return refuse('CORRUPT', 'the database holds rows beyond its log')
}

/** Database and file errors as refusals. SQLite's messages can quote values, so they are not passed on. */
function mapped<T>(action: () => T): T {
  try {
    return action()
  } catch (error) {
    if (error instanceof Refusal) throw error
    const code = String((error as { code?: unknown }).code ?? 'unknown')
    if (code.startsWith('SQLITE_CONSTRAINT')) return duplicate((error as Error).message)
    if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) return refuse('BUSY', 'another process holds the store')
    if (code.startsWith('SQLITE_CORRUPT') || code.startsWith('SQLITE_NOTADB')) return refuse('CORRUPT', 'the database file is damaged')
    return refuse('STORAGE', `the disk or the database failed (${code})`)
  }
}
