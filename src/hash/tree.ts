/**
 * Quaternary Poseidon trees of fixed depth: issuer directory (depth 8), status list (6), set (7). SPEC §2.4.
 *
 * Node = hash('node', four children); an absent leaf is 0, so an empty subtree of each height has one value. Depth is fixed
 * by the kind of tree and leaves are labelled or range-checked, so a node is never taken for a leaf.
 */

import { bug, invariant } from '../errors/errors.ts'
import { type Field, ZERO } from '../field/field.ts'
import { hash } from './poseidon.ts'

/** The way from a leaf to the root: at each level, leaf level first, the three siblings in order of position. */
export interface TreePath {
  readonly position: number
  readonly siblings: readonly (readonly [Field, Field, Field])[]
}

const emptyByHeight: Field[] = [ZERO]

/** Root of a subtree of this height without any leaf. */
export function emptyRoot(height: number): Field {
  for (let h = emptyByHeight.length; h <= height; h++) {
    const below = emptyByHeight[h - 1] ?? bug('empty roots out of order')
    emptyByHeight.push(hash('node', [below, below, below, below]))
  }
  return emptyByHeight[height] ?? bug('no empty root')
}

/** A mutable tree that keeps every non-empty node; a change costs `depth` hashes. */
export class Tree {
  readonly depth: number
  readonly capacity: number
  private readonly levels: Map<number, Field>[]

  constructor(depth: number, leaves: readonly Field[] = []) {
    this.depth = depth
    this.capacity = 4 ** depth
    invariant(leaves.length <= this.capacity, `${leaves.length} leaves do not fit depth ${depth}`)
    this.levels = Array.from({ length: depth + 1 }, () => new Map<number, Field>())
    leaves.forEach((leaf, position) => leaf !== ZERO && this.levels[0]?.set(position, leaf))
    for (let height = 1; height <= depth; height++) {
      const parents = new Set([...this.level(height - 1).keys()].map((index) => index >> 2))
      for (const index of parents) this.recompute(height, index)
    }
  }

  get root(): Field {
    return this.node(this.depth, 0)
  }

  leaf(position: number): Field {
    return this.node(0, position)
  }

  set(position: number, leaf: Field): void {
    invariant(Number.isInteger(position) && position >= 0 && position < this.capacity, `no position ${position}`)
    this.level(0).set(position, leaf)
    for (let height = 1; height <= this.depth; height++) this.recompute(height, Math.floor(position / 4 ** height))
  }

  path(position: number): TreePath {
    invariant(Number.isInteger(position) && position >= 0 && position < this.capacity, `no position ${position}`)
    const siblings: [Field, Field, Field][] = []
    for (let height = 0, index = position; height < this.depth; height++, index >>= 2) {
      const first = index & ~3
      const others = [0, 1, 2, 3].filter((k) => first + k !== index).map((k) => this.node(height, first + k))
      siblings.push(others as [Field, Field, Field])
    }
    return { position, siblings }
  }

  private recompute(height: number, index: number): void {
    const children = [0, 1, 2, 3].map((k) => this.node(height - 1, 4 * index + k))
    this.level(height).set(index, hash('node', children))
  }

  private node(height: number, index: number): Field {
    return this.level(height).get(index) ?? emptyRoot(height)
  }

  private level(height: number): Map<number, Field> {
    return this.levels[height] ?? bug(`no level ${height}`)
  }
}

/** The root that `leaf` has at the end of `path`. */
export function rootOf(leaf: Field, path: TreePath): Field {
  let node = leaf
  let index = path.position
  for (const siblings of path.siblings) {
    const children: Field[] = [...siblings]
    children.splice(index & 3, 0, node)
    node = hash('node', children)
    index >>= 2
  }
  return node
}
