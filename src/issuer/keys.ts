/**
 * An issuer's issuing keys: for each schema one that signs now, and those that did. A secret key leaves the database only for signing.
 */

import { type IssuingKey, newIssuingKey, parseIssuingKey } from '../credential/issuing-key.ts'
import { bug, refuse } from '../errors/errors.ts'
import { printField } from '../field/field.ts'
import type { IssuerDatabase } from './database.ts'

/** Coordinates in decimal. */
export type PublicPart = { readonly x: string; readonly y: string }

/** A place in the directory that the issuer needs: one issuing key for one list of one schema. */
export interface DirectoryPlace {
  readonly issuingKey: PublicPart
  readonly schemaId: string
  readonly listNumber: number
  /** `rotated` places stay in the directory; those of a compromised key have gone. */
  readonly status: 'active' | 'rotated' | 'compromised'
}

export class IssuingKeys {
  private readonly database: IssuerDatabase
  /** Parsed keys by x: they never change. */
  private readonly parsed = new Map<string, IssuingKey>()

  constructor(database: IssuerDatabase) {
    this.database = database
  }

  /** Makes a key for a schema that has none. */
  ensure(schemaId: string): void {
    if (this.activeX(schemaId) === undefined) this.insert(schemaId)
  }

  /** The key that signs now. */
  active(schemaId: string): IssuingKey {
    const x = this.activeX(schemaId) ?? bug('a schema without an issuing key')
    let key = this.parsed.get(x)
    if (!key) this.parsed.set(x, (key = parseIssuingKey(this.database.one('SELECT secret, x, y FROM issuing_key WHERE x = ?', x))))
    return key
  }

  /** Puts a new key in the place of the active one, within a transaction of the caller. @throws Refusal UNKNOWN_SCHEMA */
  rotate(schemaId: string, reason: 'rotated' | 'compromised'): PublicPart {
    const changed = this.database.run("UPDATE issuing_key SET status = ? WHERE schema_id = ? AND status = 'active'", reason, schemaId)
    return changed === 0 ? refuse('UNKNOWN_SCHEMA', 'this issuer does not issue that schema') : this.insert(schemaId)
  }

  /** The active key for every list of its schema, every other key for the lists it signed for. */
  places(): DirectoryPlace[] {
    const rows = this.database.all<PublicPart & Omit<DirectoryPlace, 'issuingKey'>>(
      `SELECT k.x, k.y, k.schema_id AS schemaId, l.number AS listNumber, k.status FROM issuing_key k JOIN list l ON l.schema_id = k.schema_id
       WHERE k.status = 'active' OR EXISTS (
         SELECT 1 FROM credential c WHERE c.schema_id = l.schema_id AND c.list_number = l.number AND c.key_x = k.x)
       ORDER BY k.schema_id, l.number, k.rowid`,
    )
    return rows.map(({ x, y, schemaId, listNumber, status }) => ({ issuingKey: { x, y }, schemaId, listNumber, status }))
  }

  private activeX(schemaId: string): string | undefined {
    return this.database.one<{ x: string }>("SELECT x FROM issuing_key WHERE schema_id = ? AND status = 'active'", schemaId)?.x
  }

  private insert(schemaId: string): PublicPart {
    const { secret, x, y } = newIssuingKey()
    this.database.run("INSERT INTO issuing_key VALUES (?, ?, ?, ?, 'active')", printField(x), printField(y), secret, schemaId)
    return { x: printField(x), y: printField(y) }
  }
}
