/**
 * What a registry keeps, behind asynchronous reads and one atomic write, so that another database can take SQLite's place.
 */

import type { Digest } from '../hash/digest.ts'
import type { Place, StoredNode } from './log.ts'

/** Everything that one entry writes. All of it becomes durable, or nothing. */
export interface Batch {
  /** The entry's index: the log must have exactly this size before. */
  readonly index: number
  /** The leaf: the entry's canonical JSON. */
  readonly leaf: string
  readonly body: { readonly digest: Digest; readonly json: string }
  readonly nodes: readonly StoredNode[]
  readonly nullifiers: readonly string[]
  readonly nonce: string | null
}

export interface Store {
  /** Entries in the log. */
  size(): Promise<number>
  /** Leaves from index `from`, at most `limit` of them. */
  leaves(from: number, limit: number): Promise<readonly string[]>
  /** A command's JSON; undefined when it was pruned or never was. */
  body(digest: Digest): Promise<string | undefined>
  /** @throws Refusal CORRUPT when one is missing */
  nodes(places: readonly Place[]): Promise<readonly Uint8Array[]>
  /** The indices of the entries that spent any of these nullifiers. */
  spentBy(nullifiers: readonly string[]): Promise<ReadonlyMap<string, number>>
  nonceUsedBy(nonce: string): Promise<number | undefined>
  /** How many rows there are of what entries imply: a check on opening. */
  counts(): Promise<{ readonly nullifiers: number; readonly nonces: number; readonly nodes: number }>

  /** Reads that all see one state of the log, while other processes may extend it. */
  snapshot<T>(reads: () => Promise<T>): Promise<T>

  /**
   * Writes a batch; durable when it resolves.
   * @returns superseded when another process has extended the log meanwhile; nothing is written then
   * @throws Refusal NULLIFIER_SPENT (by the database's own uniqueness), BUSY (locked; nothing is written), CORRUPT, STORAGE (it may be
   *   durable or not: read before writing again)
   */
  commit(batch: Batch): Promise<'committed' | 'superseded'>

  /** Forgets bodies. The log and every receipt stay valid. */
  prune(digests: readonly Digest[]): Promise<void>

  /** The last checkpoint that was given out, kept apart from the log: what the log must never fall behind. */
  checkpoint(): Promise<string | undefined>
  keepCheckpoint(note: string): Promise<void>

  close(): Promise<void>
}
