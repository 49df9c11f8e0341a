/**
 * The issuer directory: who may issue what, under which class, with which revocations (SPEC §4.4). One leaf for each issuing key,
 * schema and status list; a leaf that is gone stays 0 and its place is not used again.
 */

import { encodeCode } from '../document/encoding.ts'
import { type Field, ZERO } from '../field/field.ts'
import { hash } from '../hash/poseidon.ts'
import { Tree, type TreePath } from '../hash/tree.ts'
import type { IssuingPublicKey } from './issuing-key.ts'
import { organisationElement } from './organisation.ts'

export const DIRECTORY_DEPTH = 8
export const DIRECTORY_CAPACITY = 4 ** DIRECTORY_DEPTH

export interface DirectoryLeaf {
  /** Code of the legal entity. */
  readonly organisation: string
  readonly issuingKey: IssuingPublicKey
  readonly schemaId: Field
  /** A code that rules may use. */
  readonly class: string
  readonly listId: Field
  readonly listNumber: number
  readonly statusRoot: Field
}

export interface DirectoryEntry {
  readonly position: number
  readonly leaf: DirectoryLeaf
}

/** leaf = H(directory-leaf; org, issuingKey.x, issuingKey.y, schemaId, class, listId, statusRoot) */
export function leafElement(leaf: DirectoryLeaf): Field {
  const { organisation, issuingKey, schemaId, listId, statusRoot } = leaf
  return hash('directory-leaf', [organisationElement(organisation), issuingKey.x, issuingKey.y, schemaId, encodeCode(leaf.class), listId, statusRoot])
}

export class Directory {
  private readonly tree = new Tree(DIRECTORY_DEPTH)
  private readonly leaves = new Map<number, DirectoryLeaf>()

  constructor(entries: Iterable<DirectoryEntry> = []) {
    for (const { position, leaf } of entries) this.set(position, leaf)
  }

  get root(): Field {
    return this.tree.root
  }

  /** Puts a leaf, or takes it away (undefined). */
  set(position: number, leaf: DirectoryLeaf | undefined): void {
    this.tree.set(position, leaf ? leafElement(leaf) : ZERO)
    if (leaf) this.leaves.set(position, leaf)
    else this.leaves.delete(position)
  }

  leaf(position: number): DirectoryLeaf | undefined {
    return this.leaves.get(position)
  }

  path(position: number): TreePath {
    return this.tree.path(position)
  }

  /** All leaves by position. */
  entries(): DirectoryEntry[] {
    return [...this.leaves].sort(([a], [b]) => a - b).map(([position, leaf]) => ({ position, leaf }))
  }

  /** The leaf under which a credential of this key, schema and list proves. */
  find(wanted: { readonly issuingKey: IssuingPublicKey; readonly schemaId: Field; readonly listId: Field }): DirectoryEntry | undefined {
    const { issuingKey, schemaId, listId } = wanted
    const isWanted = (leaf: DirectoryLeaf) =>
      leaf.issuingKey.x === issuingKey.x && leaf.issuingKey.y === issuingKey.y && leaf.schemaId === schemaId && leaf.listId === listId
    for (const [position, leaf] of this.leaves) if (isWanted(leaf)) return { position, leaf }
    return undefined
  }
}
