/**
 * An issuer's status lists: which positions are given out, which are revoked, what of it the registry has.
 */

import { CAPACITY, StatusList } from '../credential/status-list.ts'
import { bug } from '../errors/errors.ts'
import type { IssuerDatabase } from './database.ts'
import { newPermutationKey, positionAt } from './positions.ts'

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

export class StatusLists {
  private readonly database: IssuerDatabase
  private readonly capacity: number

  constructor(database: IssuerDatabase, capacity: number) {
    this.database = database
    this.capacity = capacity
  }

  /** Opens list 0 of a schema that has none. */
  ensure(schemaId: string): void {
    if (!this.last(schemaId)) this.open(schemaId, 0)
  }

  states(): ListState[] {
    return [...this.database.all<ListState>('SELECT schema_id AS schemaId, number, used, version, published, sequence FROM list ORDER BY schema_id, number')]
  }

  /** The bitmap of a list as it is now. */
  bitmap(schemaId: string, number: number): StatusList {
    const rows = this.database.all<{ i: number }>(
      'SELECT status_index AS i FROM credential WHERE schema_id = ? AND list_number = ? AND revoked_at IS NOT NULL',
      ...[schemaId, number],
    )
    const bytes = new Uint8Array(CAPACITY / 8)
    for (const { i } of rows) bytes[i >> 3] = (bytes[i >> 3] ?? 0) | (128 >> (i & 7))
    return StatusList.fromBytes(bytes)
  }

  /**
   * A position that no credential ever had, within a transaction of the caller. When the last list is full, the next one is opened, and
   * has to be accredited.
   */
  takePosition(schemaId: string): { readonly listNumber: number; readonly statusIndex: number } {
    let list = this.last(schemaId) ?? bug('a schema without a list')
    if (list.used >= this.capacity) {
      this.open(schemaId, list.number + 1)
      list = this.last(schemaId) ?? bug('the list was just opened')
    }
    this.database.run('UPDATE list SET used = used + 1 WHERE schema_id = ? AND number = ?', schemaId, list.number)
    return { listNumber: list.number, statusIndex: positionAt(new Uint8Array(list.permutation_key), list.used) }
  }

  /** Notes that a list has changed. */
  touch(schemaId: string, number: number): void {
    this.database.run('UPDATE list SET version = version + 1 WHERE schema_id = ? AND number = ?', schemaId, number)
  }

  /** The next sequence number: above all before, also if this register was restored from an older copy, because it follows the clock. */
  nextSequence(list: ListState, now: number): number {
    const sequence = Math.max(list.sequence + 1, now)
    this.database.run('UPDATE list SET sequence = ? WHERE schema_id = ? AND number = ?', sequence, list.schemaId, list.number)
    return sequence
  }

  /** Notes that the registry has a list as of `version`. */
  markPublished({ schemaId, number, version }: ListState): void {
    this.database.run('UPDATE list SET published = max(published, ?) WHERE schema_id = ? AND number = ?', version, schemaId, number)
  }

  private last(schemaId: string): { number: number; used: number; permutation_key: Uint8Array } | undefined {
    return this.database.one('SELECT number, used, permutation_key FROM list WHERE schema_id = ? ORDER BY number DESC LIMIT 1', schemaId)
  }

  private open(schemaId: string, number: number): void {
    this.database.run('INSERT INTO list VALUES (?, ?, ?, 0, 0, 0, 0)', schemaId, number, newPermutationKey())
  }
}
