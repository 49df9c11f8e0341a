/**
 * The log as others see it: checkpoints, receipts, proofs. Every root of an earlier size is checked against the newest one before it
 * is signed, and every proof before it is given out, so that a damaged node never gets a second root for one size signed.
 */

import { Refusal, refuse } from '../errors/errors.ts'
import type { Json } from '../hash/canonical.ts'
import type { OrganisationKey } from '../signature/organisation-key.ts'
import { toBase64 } from '../verifier/base64.ts'
import { signCheckpoint } from '../verifier/checkpoint.ts'
import { requireConsistency, requireInclusion } from '../verifier/merkle.ts'
import { type Entry, leafOf } from './entry.ts'
import { consistencyProof, type Frontier, inclusionProof, type Place, rootAt } from './log.ts'
import { entryOf } from './opening.ts'
import type { Store } from './store.ts'

export interface Receipt {
  readonly receipt: 1
  readonly entry: Entry
  /** Hashes in base64, from the leaf upwards. */
  readonly inclusion: readonly string[]
  /** A signed note. */
  readonly checkpoint: string
  readonly [name: string]: Json
}

export class SignedLog {
  /** The tree as far as it is durable and its checkpoint is kept. */
  frontier: Frontier
  private readonly store: Store
  private readonly logKey: OrganisationKey

  constructor(store: Store, logKey: OrganisationKey, frontier: Frontier) {
    this.store = store
    this.logKey = logKey
    this.frontier = frontier
  }

  /** A signed note of the log `origin`. @param frontier the newest unless given */
  checkpoint(origin: string, { size, root }: { readonly size: number; readonly root: Uint8Array } = this.frontier): string {
    return signCheckpoint({ origin, size, root }, this.logKey)
  }

  /** @throws Refusal MALFORMED, NOT_FOUND, CORRUPT */
  async receipt(index: number, size: number): Promise<Receipt> {
    this.requireSizes(index + 1, size)
    const [leaf] = await this.store.leaves(index, 1)
    const entry = entryOf(leaf ?? refuse('CORRUPT', `entry ${index} is missing`))
    const head = { size, root: await this.rootOf(size) }
    const proof = await inclusionProof(index, size, this.readNodes)
    ours(() => requireInclusion(leafOf(entry), index, head, proof))
    return { receipt: 1, entry, inclusion: proof.map(toBase64), checkpoint: this.checkpoint(entry.origin, head) }
  }

  /** RFC 6962's consistency proof, base64. @throws Refusal MALFORMED, NOT_FOUND, CORRUPT */
  async consistency(first: number, second: number): Promise<readonly string[]> {
    this.requireSizes(first, second)
    const proof = await consistencyProof(first, second, this.readNodes)
    const [from, to] = [await this.rootOf(first), await this.rootOf(second)]
    ours(() => requireConsistency({ size: first, root: from }, { size: second, root: to }, proof))
    return proof.map(toBase64)
  }

  private async rootOf(size: number): Promise<Uint8Array> {
    const newest = { size: this.frontier.size, root: this.frontier.root }
    if (size === newest.size) return newest.root
    const root = await rootAt(size, this.readNodes)
    const proof = await consistencyProof(size, newest.size, this.readNodes)
    ours(() => requireConsistency({ size, root }, newest, proof))
    return root
  }

  private readonly readNodes = (places: readonly Place[]): Promise<readonly Uint8Array[]> => this.store.nodes(places)

  private requireSizes(first: number, second: number): void {
    if (!isCount(first) || !isCount(second) || first > second) return refuse('MALFORMED', 'not an index and a size of the log')
    if (second > this.frontier.size) refuse('NOT_FOUND', `the log has ${this.frontier.size} entries`)
  }
}

/** Whether a number can be an index or a size. */
export function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}

/** A check of our own data: what it refuses is damage. */
function ours(check: () => void): void {
  try {
    check()
  } catch (error) {
    if (error instanceof Refusal) refuse('CORRUPT', 'the stored tree does not lead to the root that was signed')
    throw error
  }
}
