/**
 * What an issuer remembers: its serial key for life, the schemas it issues, issuing keys, status lists, and for each credential serial,
 * position and dates; no document stays here after it has been picked up.
 *
 *     const register = openRegister('data/issuer.db', 'AT:KA:K911')
 *     register.addSchema(schema)
 *     const { id, credential } = register.issue({ document, holderId, expiresAt }, now)
 *     register.revoke({ credential: id }, now)
 */

import { randomUUID } from 'node:crypto'
import { type Credential, issueCredential, TIME_LIMIT } from '../credential/credential.ts'
import { type IssuingKey, newIssuingKey, parseIssuingKey } from '../credential/issuing-key.ts'
import { parseOrganisationCode } from '../credential/organisation.ts'
import { newSerialKey, SERIAL_KEY_BYTES, serialOf } from '../credential/serial.ts'
import { CAPACITY, StatusList } from '../credential/status-list.ts'
import type { Document } from '../document/document.ts'
import { parseSchema, type Schema } from '../document/schema.ts'
import { bug, refuse } from '../errors/errors.ts'
import { type Field, parseField, printField, ZERO } from '../field/field.ts'
import { canonicalJson } from '../hash/canonical.ts'
import { FORMAT, IssuerDatabase } from './database.ts'
import { newPermutationKey, positionAt } from './positions.ts'

export interface IssueRequest {
  /** Of a schema that is current in the register. */
  readonly document: Document
  readonly holderId: Field
  /** Seconds since 1970. */
  readonly expiresAt: number
  /** Revoke every earlier credential of the same record. */
  readonly replace?: boolean
}

export interface Issued {
  /** By which the issuer names the credential, for revoking it. */
  readonly id: string
  readonly credential: Credential
}

/** Which credentials to revoke: one, or all of a record. */
export type RevocationTarget = { readonly credential: string } | { readonly record: Document }

export interface CredentialRecord {
  readonly id: string
  readonly schema: string
  readonly serial: string
  readonly listNumber: number
  readonly statusIndex: number
  readonly commitment: string
  readonly issuedAt: number
  readonly expiresAt: number
  readonly revokedAt: number | null
}

/** A place in the directory that the issuer needs: one issuing key for one list of one schema. */
export interface DirectoryPlace {
  readonly issuingKey: { readonly x: string; readonly y: string }
  readonly schemaId: string
  readonly listNumber: number
  /** `rotated` places stay in the directory; those of a compromised key have gone. */
  readonly status: 'active' | 'rotated' | 'compromised'
}

export interface ListState {
  readonly schemaId: string
  readonly number: number
  /** Positions given out. */
  readonly used: number
  /** Counts changes; `published` is the last one that the registry has. */
  readonly version: number
  readonly published: number
  readonly sequence: number
}

export interface RegisterOptions {
  /** On creation only: a serial key that exists already (32 bytes). */
  readonly serialKey?: Uint8Array
  /** Positions used of each list; default all. */
  readonly listCapacity?: number
}

/**
 * Opens a register, or creates it.
 * @throws Refusal CORRUPT (another organisation's, another format, a damaged file), STORAGE, BUSY, MALFORMED
 */
export function openRegister(path: string, organisation: string, options: RegisterOptions = {}): Register {
  parseOrganisationCode(organisation)
  const database = new IssuerDatabase(path)
  const read = () => database.one<{ format: number; organisation: string; serial_key: Uint8Array }>('SELECT * FROM issuer')
  if (!read()) {
    const serialKey = options.serialKey ?? newSerialKey()
    if (serialKey.length !== SERIAL_KEY_BYTES) refuse('KEY_INVALID', `a serial key has ${SERIAL_KEY_BYTES} bytes`)
    database.run('INSERT OR IGNORE INTO issuer VALUES (1, ?, ?, ?)', FORMAT, organisation, serialKey)
  }
  const row = read() ?? bug('the issuer was just written')
  if (row.format !== FORMAT || row.organisation !== organisation) {
    database.close()
    return refuse('CORRUPT', 'the register is another organisation’s, or of another version')
  }
  return new Register(database, organisation, new Uint8Array(row.serial_key), options.listCapacity ?? CAPACITY)
}

export class Register {
  readonly organisation: string
  readonly database: IssuerDatabase
  private readonly serialKey: Uint8Array
  private readonly listCapacity: number
  /** Parsed schemas by id, parsed keys by x: neither ever changes. */
  private readonly schemas = new Map<string, Schema>()
  private readonly keys = new Map<string, IssuingKey>()

  constructor(database: IssuerDatabase, organisation: string, serialKey: Uint8Array, listCapacity: number) {
    this.database = database
    this.organisation = organisation
    this.serialKey = serialKey
    this.listCapacity = listCapacity
  }

  close(): void {
    this.database.close()
  }

  /**
   * Makes a schema the current one of its name, with an issuing key and a first status list of its own. Idempotent. Credentials under an
   * earlier version stay what they are.
   * @throws Refusal FORBIDDEN when another organisation makes the serials of this schema
   */
  addSchema(schema: Schema): void {
    if (schema.serialAuthority !== undefined && schema.serialAuthority !== this.organisation)
      refuse('FORBIDDEN', `the serials of ${schema.name} are made by ${schema.serialAuthority}`)
    const id = printField(schema.id)
    this.database.transaction(() => {
      this.database.run('UPDATE schema SET current = 0 WHERE name = ? AND id <> ?', schema.name, id)
      this.database.run('INSERT INTO schema VALUES (?, ?, ?, 1) ON CONFLICT (id) DO UPDATE SET current = 1', id, schema.name, canonicalJson(schema.json))
      if (!this.activeKeyX(id)) this.insertKey(id)
      if (!this.lastList(id)) this.openList(id, 0)
    })
  }

  /** The current schema of a name. @throws Refusal UNKNOWN_SCHEMA */
  schema(name: string): Schema {
    const row = this.database.one<{ id: string }>('SELECT id FROM schema WHERE name = ? AND current = 1', name)
    return row ? this.schemaById(row.id) : refuse('UNKNOWN_SCHEMA', 'this issuer does not issue that schema')
  }

  /** All current schemas, by name. */
  currentSchemas(): Schema[] {
    return this.database.all<{ id: string }>('SELECT id FROM schema WHERE current = 1 ORDER BY name').map(({ id }) => this.schemaById(id))
  }

  /** The schema of an id, current or not. @throws Refusal UNKNOWN_SCHEMA */
  schemaById(id: string): Schema {
    let schema = this.schemas.get(id)
    if (!schema) {
      const row = this.database.one<{ json: string }>('SELECT json FROM schema WHERE id = ?', id) ?? refuse('UNKNOWN_SCHEMA', 'this issuer never issued that schema')
      schema = parseSchema(JSON.parse(row.json))
      if (printField(schema.id) !== id) return refuse('CORRUPT', 'a stored schema is not the one of its id')
      this.schemas.set(id, schema)
    }
    return schema
  }

  /** @throws Refusal UNKNOWN_SCHEMA, RETIRED (the document is of an older schema), EXPIRED, MALFORMED */
  issue(request: IssueRequest, now: number): Issued {
    return this.database.transaction(() => this.issueOne(request, now))
  }

  /** All or none of them, in one transaction. */
  issueMany(requests: readonly IssueRequest[], now: number): Issued[] {
    return this.database.transaction(() => requests.map((request) => this.issueOne(request, now)))
  }

  /**
   * Revokes; what is revoked stays so. Publishing the list is a step of its own.
   * @returns how many credentials are now revoked that were not before
   * @throws Refusal NOT_FOUND when this issuer never issued such a credential
   */
  revoke(target: RevocationTarget, now: number): number {
    return this.database.transaction(() => this.revokeIn(target, now))
  }

  /** Issued credentials in order of issuing, `limit` after the one named by `after`. @throws Refusal NOT_FOUND */
  credentials({ after, limit = 100 }: { readonly after?: string; readonly limit?: number } = {}): CredentialRecord[] {
    const from = after === undefined ? 0 : (this.database.one<{ rowid: number }>('SELECT rowid FROM credential WHERE id = ?', after)?.rowid ?? refuse('NOT_FOUND', 'no such credential'))
    return this.database.all<CredentialRecord>(
      `SELECT id, schema_id AS schema, serial, list_number AS listNumber, status_index AS statusIndex, commitment,
              issued_at AS issuedAt, expires_at AS expiresAt, revoked_at AS revokedAt
       FROM credential WHERE rowid > ? ORDER BY rowid LIMIT ?`,
      from,
      limit,
    ) as CredentialRecord[]
  }

  /**
   * Replaces the issuing key of a schema. Credentials of a rotated key stay valid, those of a compromised one must be issued again.
   * @returns the new key's public part
   */
  rotateKey(schema: Schema, reason: 'rotated' | 'compromised'): { readonly x: string; readonly y: string } {
    const id = printField(schema.id)
    return this.database.transaction(() => {
      if (this.database.run('UPDATE issuing_key SET status = ? WHERE schema_id = ? AND status = ?', reason, id, 'active') === 0) refuse('UNKNOWN_SCHEMA', 'this issuer does not issue that schema')
      return this.insertKey(id)
    })
  }

  /** The places in the directory that this issuer's credentials need: the active key for every list, others for the lists they signed for. */
  places(): DirectoryPlace[] {
    return this.database
      .all<{ x: string; y: string; schemaId: string; listNumber: number; status: DirectoryPlace['status'] }>(
        `SELECT k.x, k.y, k.schema_id AS schemaId, l.number AS listNumber, k.status FROM issuing_key k JOIN list l ON l.schema_id = k.schema_id
         WHERE k.status = 'active' OR EXISTS (SELECT 1 FROM credential c WHERE c.schema_id = l.schema_id AND c.list_number = l.number AND c.key_x = k.x)
         ORDER BY k.schema_id, l.number, k.rowid`,
      )
      .map(({ x, y, ...place }) => ({ issuingKey: { x, y }, ...place }))
  }

  lists(): ListState[] {
    return this.database.all<ListState>('SELECT schema_id AS schemaId, number, used, version, published, sequence FROM list ORDER BY schema_id, number') as ListState[]
  }

  /** The bitmap of a list as it is now. */
  statusList(schemaId: string, number: number): StatusList {
    const rows = this.database.all<{ i: number }>('SELECT status_index AS i FROM credential WHERE schema_id = ? AND list_number = ? AND revoked_at IS NOT NULL', schemaId, number)
    const bytes = new Uint8Array(CAPACITY / 8)
    for (const { i } of rows) bytes[i >> 3] = (bytes[i >> 3] ?? 0) | (128 >> (i & 7))
    return StatusList.fromBytes(bytes)
  }

  /** Takes the next sequence number of a list, above all before, also if this register was restored from an older copy: seconds since 1970. */
  nextSequence(list: ListState, now: number): number {
    const sequence = Math.max(list.sequence + 1, now)
    this.database.run('UPDATE list SET sequence = ? WHERE schema_id = ? AND number = ?', sequence, list.schemaId, list.number)
    return sequence
  }

  /** Notes that the registry has a list as of `version`. */
  markPublished({ schemaId, number, version }: ListState): void {
    this.database.run('UPDATE list SET published = max(published, ?) WHERE schema_id = ? AND number = ?', version, schemaId, number)
  }

  /** Issues within a transaction that the caller has begun. */
  issueOne({ document, holderId, expiresAt, replace }: IssueRequest, now: number): Issued {
    const { schema } = document
    const schemaId = printField(schema.id)
    if (this.schema(schema.name).id !== schema.id) refuse('RETIRED', `${schema.name} has a newer version`)
    if (!Number.isSafeInteger(expiresAt) || expiresAt >= TIME_LIMIT) refuse('MALFORMED', 'not a time of expiry', [{ path: '/expiresAt', expected: 'seconds since 1970, below 2^40', got: 'something else' }])
    if (expiresAt <= now) refuse('EXPIRED', 'the credential would have expired already')
    if (holderId === ZERO) refuse('MALFORMED', 'not a holder', [{ path: '/holderId', expected: 'an element other than 0', got: '0' }])
    if (replace === true && this.isKnown(document)) this.revokeIn({ record: document }, now)
    const { listNumber, statusIndex } = this.takePosition(schemaId)
    const issuingKey = this.activeKey(schemaId)
    const credential = issueCredential({
      ...{ schema, document, holderId, issuingKey, listNumber, statusIndex, expiresAt },
      issuerOrg: this.organisation,
      serialKey: this.serialKey,
      issuedAt: now,
    })
    const id = randomUUID()
    this.database.run(
      'INSERT INTO credential VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)',
      ...[id, schemaId, credential.serial, listNumber, statusIndex, credential.issuingKey.x, credential.commitment, now, expiresAt],
    )
    return { id, credential }
  }

  private isKnown(document: Document): boolean {
    return this.database.one('SELECT 1 FROM credential WHERE serial = ? LIMIT 1', printField(serialOf(this.serialKey, document))) !== undefined
  }

  private revokeIn(target: RevocationTarget, now: number): number {
    const [column, value] = 'credential' in target ? ['id', target.credential] : ['serial', printField(serialOf(this.serialKey, target.record))]
    const rows = this.database.all<{ id: string; schema_id: string; list_number: number; revoked_at: number | null }>(
      `SELECT id, schema_id, list_number, revoked_at FROM credential WHERE ${column} = ?`,
      value,
    )
    if (rows.length === 0) return refuse('NOT_FOUND', 'this issuer issued no such credential')
    const fresh = rows.filter(({ revoked_at }) => revoked_at === null)
    for (const { id, schema_id, list_number } of fresh) {
      this.database.run('UPDATE credential SET revoked_at = ? WHERE id = ?', now, id)
      this.database.run('UPDATE list SET version = version + 1 WHERE schema_id = ? AND number = ?', schema_id, list_number)
    }
    return fresh.length
  }

  /** A position that no credential ever had. When the last list is full, the next one is opened, and has to be accredited. */
  private takePosition(schemaId: string): { readonly listNumber: number; readonly statusIndex: number } {
    let list = this.lastList(schemaId) ?? bug('a schema without a list')
    if (list.used >= this.listCapacity) {
      this.openList(schemaId, list.number + 1)
      list = this.lastList(schemaId) ?? bug('the list was just opened')
    }
    this.database.run('UPDATE list SET used = used + 1 WHERE schema_id = ? AND number = ?', schemaId, list.number)
    return { listNumber: list.number, statusIndex: positionAt(new Uint8Array(list.permutation_key), list.used) }
  }

  private lastList(schemaId: string): { number: number; used: number; permutation_key: Uint8Array } | undefined {
    return this.database.one('SELECT number, used, permutation_key FROM list WHERE schema_id = ? ORDER BY number DESC LIMIT 1', schemaId)
  }

  private openList(schemaId: string, number: number): void {
    this.database.run('INSERT INTO list VALUES (?, ?, ?, 0, 0, 0, 0)', schemaId, number, newPermutationKey())
  }

  private activeKeyX(schemaId: string): string | undefined {
    return this.database.one<{ x: string }>("SELECT x FROM issuing_key WHERE schema_id = ? AND status = 'active'", schemaId)?.x
  }

  private activeKey(schemaId: string): IssuingKey {
    const x = this.activeKeyX(schemaId) ?? bug('a schema without an issuing key')
    let key = this.keys.get(x)
    if (!key) {
      const row = this.database.one('SELECT secret, x, y FROM issuing_key WHERE x = ?', x)
      this.keys.set(x, (key = parseIssuingKey(row)))
    }
    return key
  }

  private insertKey(schemaId: string): { readonly x: string; readonly y: string } {
    const { secret, x, y } = newIssuingKey()
    this.database.run("INSERT INTO issuing_key VALUES (?, ?, ?, ?, 'active')", printField(x), printField(y), secret, schemaId)
    return { x: printField(x), y: printField(y) }
  }
}

/** A holder's id from outside. @throws Refusal MALFORMED */
export function parseHolderId(text: unknown, path = '/holderId'): Field {
  return parseField(text, path)
}
