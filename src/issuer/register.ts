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
import { parseOrganisationCode } from '../credential/organisation.ts'
import { newSerialKey, SERIAL_KEY_BYTES, serialOf } from '../credential/serial.ts'
import { CAPACITY, type StatusList } from '../credential/status-list.ts'
import type { Document } from '../document/document.ts'
import { parseSchema, type Schema } from '../document/schema.ts'
import { bug, refuse } from '../errors/errors.ts'
import { type Field, parseField, printField, ZERO } from '../field/field.ts'
import { canonicalJson } from '../hash/canonical.ts'
import { FORMAT, IssuerDatabase } from './database.ts'
import { type DirectoryPlace, IssuingKeys, type PublicPart } from './keys.ts'
import { type ListState, StatusLists } from './lists.ts'

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

export type { DirectoryPlace } from './keys.ts'
export type { ListState } from './lists.ts'

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
  private readonly keys: IssuingKeys
  private readonly status: StatusLists
  /** Parsed schemas by id: they never change. */
  private readonly schemas = new Map<string, Schema>()

  constructor(database: IssuerDatabase, organisation: string, serialKey: Uint8Array, listCapacity: number) {
    this.database = database
    this.organisation = organisation
    this.serialKey = serialKey
    this.keys = new IssuingKeys(database)
    this.status = new StatusLists(database, listCapacity)
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
      this.keys.ensure(id)
      this.status.ensure(id)
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
   * @throws Refusal UNKNOWN_SCHEMA
   */
  rotateKey(schema: Schema, reason: 'rotated' | 'compromised'): PublicPart {
    return this.database.transaction(() => this.keys.rotate(printField(schema.id), reason))
  }

  /** The places in the directory that this issuer's credentials need. */
  places(): DirectoryPlace[] {
    return this.keys.places()
  }

  lists(): ListState[] {
    return this.status.states()
  }

  /** The bitmap of a list as it is now. */
  statusList(schemaId: string, number: number): StatusList {
    return this.status.bitmap(schemaId, number)
  }

  /** Takes the next sequence number under which a list is published. */
  nextSequence(list: ListState, now: number): number {
    return this.status.nextSequence(list, now)
  }

  /** Notes that the registry has a list as it was. */
  markPublished(list: ListState): void {
    this.status.markPublished(list)
  }

  /** Issues within a transaction that the caller has begun. */
  issueOne({ document, holderId, expiresAt, replace }: IssueRequest, now: number): Issued {
    const { schema } = document
    const schemaId = printField(schema.id)
    if (this.schema(schema.name).id !== schema.id) refuse('RETIRED', `${schema.name} has a newer version`)
    if (!Number.isSafeInteger(expiresAt) || expiresAt >= TIME_LIMIT)
      refuse('MALFORMED', 'not a time of expiry', [{ path: '/expiresAt', expected: 'seconds since 1970, below 2^40', got: 'something else' }])
    if (expiresAt <= now) refuse('EXPIRED', 'the credential would have expired already')
    if (holderId === ZERO) refuse('MALFORMED', 'not a holder', [{ path: '/holderId', expected: 'an element other than 0', got: '0' }])
    if (replace === true && this.isKnown(document)) this.revokeIn({ record: document }, now)
    const { listNumber, statusIndex } = this.status.takePosition(schemaId)
    const issuingKey = this.keys.active(schemaId)
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
      this.status.touch(schema_id, list_number)
    }
    return fresh.length
  }
}

/** A holder's id from outside. @throws Refusal MALFORMED */
export function parseHolderId(text: unknown, path = '/holderId'): Field {
  return parseField(text, path)
}
