/**
 * What a registry knows: the result of its log's entries in order (SPEC §7). Held in memory, rebuilt from the log, changed
 * only by the outcomes of `decide`. Nullifiers are many and stay in the store.
 */

import { Directory, DIRECTORY_CAPACITY, type DirectoryEntry, type DirectoryLeaf } from '../credential/directory.ts'
import type { Schema } from '../document/schema.ts'
import type { Field } from '../field/field.ts'
import type { Json } from '../hash/canonical.ts'
import type { Digest } from '../hash/digest.ts'
import type { PinnedStatement } from '../shape/pin.ts'
import type { ShapeName } from '../shape/shapes.ts'
import type { Keyring } from '../signature/envelope.ts'
import type { PublicKey } from '../signature/organisation-key.ts'
import type { Statement } from '../statement/compiler.ts'
import type { Mode, SetMemberType } from './command.ts'

/** Every registered object knows the index of the entry that registered it: evidence needs it. */
interface Registered {
  readonly index: number
}

export interface Organisation extends Registered {
  readonly organisation: string
  readonly name: string
  readonly keys: readonly PublicKey[]
  readonly status: 'active' | 'suspended'
}

export interface RegisteredStatement extends Registered {
  readonly pinned: PinnedStatement
  readonly statement: Statement
  readonly hash: Digest
  readonly registeredBy: string
  readonly status: 'active' | 'retired'
}

export interface RegisteredShape extends Registered {
  readonly shape: ShapeName
  readonly key: Digest
  readonly verificationKey: Json
  readonly provingKey: string
  readonly status: 'active' | 'retired'
}

export interface Scope extends Registered {
  readonly name: string
  readonly owner: string
  readonly element: Field
}

export interface PublishedSet extends Registered {
  readonly name: string
  readonly owner: string
  readonly of: SetMemberType
  readonly members: readonly Json[]
  readonly roots: RootHistory
}

export interface Regulator extends Registered {
  readonly name: string
  readonly organisation: string
  readonly escrowKey: { readonly x: Field; readonly y: Field }
}

/** The current status list of (organisation, schema, number). `body` is the digest of the command that carries it, null before the first. */
export interface PublishedList {
  readonly organisation: string
  readonly schemaId: Field
  readonly listNumber: number
  readonly listId: Field
  readonly sequence: number
  readonly statusRoot: Field
  readonly body: Digest | null
}

/** A root and the ones it replaced, with the time of that and the entry that brought each. */
export class RootHistory {
  private readonly byRoot = new Map<Field, { since: number; supersededAt: number | null }>()
  private latest: Field

  constructor(root: Field, index: number) {
    this.latest = root
    this.byRoot.set(root, { since: index, supersededAt: null })
  }

  get current(): Field {
    return this.latest
  }

  /** When a root was replaced: null for the current one, undefined for one that never was. */
  supersededAt(root: Field): number | null | undefined {
    return this.byRoot.get(root)?.supersededAt
  }

  /** Index of the entry that last made it current. */
  since(root: Field): number | undefined {
    return this.byRoot.get(root)?.since
  }

  replace(root: Field, index: number, at: number): void {
    if (root === this.latest) return
    const before = this.byRoot.get(this.latest)
    if (before) before.supersededAt = at
    this.byRoot.delete(root) // one that comes back is current again, and newest in order
    this.byRoot.set(root, { since: index, supersededAt: null })
    this.latest = root
  }

  /** The replaced roots, latest first. */
  superseded(limit: number): { readonly root: Field; readonly supersededAt: number }[] {
    return [...this.byRoot]
      .flatMap(([root, { supersededAt }]) => (supersededAt === null ? [] : [{ root, supersededAt }]))
      .reverse()
      .slice(0, limit)
  }
}

/** Leaves by position; undefined takes one away. */
export type LeafChanges = ReadonlyMap<number, DirectoryLeaf | undefined>

/** The accredited issuers, and every root that their directory had. */
export class DirectoryState {
  readonly roots: RootHistory
  private readonly directory = new Directory()
  private next = 0

  constructor() {
    this.roots = new RootHistory(this.directory.root, 0)
  }

  /** The position of the next leaf: places are not used again. Undefined when the directory is full. */
  nextPosition(): number | undefined {
    return this.next < DIRECTORY_CAPACITY ? this.next : undefined
  }

  leaf(position: number): DirectoryLeaf | undefined {
    return this.directory.leaf(position)
  }

  entries(): DirectoryEntry[] {
    return this.directory.entries()
  }

  /** Positions of the leaves that fit. */
  find(fits: (leaf: DirectoryLeaf) => boolean): number[] {
    return this.entries().flatMap(({ position, leaf }) => (fits(leaf) ? [position] : []))
  }

  /** The root that these changes would give; nothing is changed. */
  rootWith(changes: LeafChanges): Field {
    // Put and taken back: a copy of the tree would cost every leaf.
    const before = [...changes.keys()].map((position) => [position, this.leaf(position)] as const)
    this.put(changes)
    const { root } = this.directory
    this.put(before)
    return root
  }

  change(changes: LeafChanges, index: number, at: number): void {
    this.put(changes)
    this.next = Math.max(this.next, ...[...changes.keys()].map((position) => position + 1))
    this.roots.replace(this.directory.root, index, at)
  }

  private put(changes: Iterable<readonly [number, DirectoryLeaf | undefined]>): void {
    for (const [position, leaf] of changes) this.directory.set(position, leaf)
  }
}

export class State {
  origin = ''
  name = ''
  mode: Mode = 'production'
  logKey: PublicKey | null = null
  nowTolerance = 0
  governors: readonly string[] = []
  k = 0
  protocol = 1
  /** Entries applied. */
  size = 0
  /** Time of the last entry. */
  at = 0
  readonly organisations = new Map<string, Organisation>()
  /** Indices of the organisation.* entries about each organisation. */
  readonly organisationEntries = new Map<string, number[]>()
  readonly schemas = new Map<Field, Registered & { readonly schema: Schema }>()
  readonly statements = new Map<Digest, RegisteredStatement>()
  readonly shapes = new Map<Digest, RegisteredShape>()
  readonly scopes = new Map<string, Scope>()
  readonly sets = new Map<string, PublishedSet>()
  readonly regulators = new Map<string, Regulator>()
  readonly lists = new Map<Field, PublishedList>()
  /** Issuing keys, as `x,y`, that were reported compromised: never accredited again. */
  readonly compromisedKeys = new Set<string>()
  /** Positions of leaves whose key was rotated out: they stay for the credentials it signed. */
  readonly rotated = new Set<number>()
  readonly directory = new DirectoryState()

  /** Keys of an organisation that may sign now. */
  readonly keyring: Keyring = (code) => {
    const organisation = this.organisations.get(code)
    return organisation?.status === 'active' ? organisation.keys : undefined
  }
}
