/**
 * The log's Merkle tree, RFC 6962 §2.1, over stored nodes (SPEC §7.2).
 *
 * Stored is the root of every complete subtree: node (level l, index i) covers the leaves [i·2^l, (i+1)·2^l). Every root
 * and every proof is a list of ranges of leaves, and a range folds from at most log₂(size) stored nodes, so that all of
 * them cost logarithmic time.
 */

import { sha256 } from '@noble/hashes/sha2.js'
import { bug, invariant } from '../errors/errors.ts'
import { leafHash, nodeHash } from '../verifier/merkle.ts'

/** Place of the root of a complete subtree. */
export interface Place {
  readonly level: number
  readonly index: number
}

export interface StoredNode extends Place {
  readonly hash: Uint8Array
}

/** Reads the hashes at these places, in the same order. */
export type ReadNodes = (places: readonly Place[]) => Promise<readonly Uint8Array[]>

/** The leaves [start, end). */
interface Range {
  readonly start: number
  readonly end: number
}

/** Root of the empty tree. */
const EMPTY = sha256(new Uint8Array())

/** Root of the tree over the first `size` leaves. */
export async function rootAt(size: number, read: ReadNodes): Promise<Uint8Array> {
  if (size === 0) return EMPTY
  return (await rangeRoots([{ start: 0, end: size }], read))[0] ?? bug('no root')
}

/** The proof that leaf `index` is in the tree of `size` leaves: RFC 6962's PATH(index, D[size]), from the leaf up. */
export async function inclusionProof(index: number, size: number, read: ReadNodes): Promise<readonly Uint8Array[]> {
  invariant(Number.isSafeInteger(index) && index >= 0 && index < size, `no leaf ${index} in ${size}`)
  const ranges: Range[] = []
  let [start, end] = [0, size]
  while (end - start > 1) {
    const middle = start + split(end - start)
    ranges.unshift(index < middle ? { start: middle, end } : { start, end: middle })
    if (index < middle) end = middle
    else start = middle
  }
  return rangeRoots(ranges, read)
}

/** The proof that the tree of `first` leaves is a prefix of that of `second`: RFC 6962's PROOF(first, D[second]). */
export async function consistencyProof(first: number, second: number, read: ReadNodes): Promise<readonly Uint8Array[]> {
  invariant(Number.isSafeInteger(first) && first >= 0 && first <= second, `no tree of ${first} in ${second}`)
  if (first === 0 || first === second) return []
  const ranges: Range[] = []
  let [start, end, known] = [0, second, true]
  while (first !== end) {
    const middle = start + split(end - start)
    if (first <= middle) {
      ranges.unshift({ start: middle, end })
      end = middle
    } else {
      ranges.unshift({ start, end: middle })
      start = middle
      known = false
    }
  }
  if (!known) ranges.unshift({ start, end })
  return rangeRoots(ranges, read)
}

/**
 * The growing edge of the tree: the roots of its complete subtrees, largest first. Appending needs nothing else.
 */
export class Frontier {
  private readonly parts: StoredNode[] = []
  private leaves = 0

  get size(): number {
    return this.leaves
  }

  get root(): Uint8Array {
    return this.parts.length === 0 ? EMPTY : fold(this.parts.map(({ hash }) => hash))
  }

  /** A copy that can be appended to without changing this one. */
  copy(): Frontier {
    const copy = new Frontier()
    copy.parts.push(...this.parts)
    copy.leaves = this.leaves
    return copy
  }

  /** Appends a leaf. @returns the new complete subtrees' roots, the leaf's own hash first */
  append(leaf: Uint8Array): readonly StoredNode[] {
    const fresh: StoredNode[] = [{ level: 0, index: this.leaves, hash: leafHash(leaf) }]
    this.leaves++
    for (let node = fresh[0] ?? bug('no leaf'); node.index % 2 === 1; ) {
      const left = this.parts.pop() ?? bug('no left sibling')
      node = { level: node.level + 1, index: node.index >> 1, hash: nodeHash(left.hash, node.hash) }
      fresh.push(node)
    }
    this.parts.push(fresh.at(-1) ?? bug('no node'))
    return fresh
  }
}

async function rangeRoots(ranges: readonly Range[], read: ReadNodes): Promise<Uint8Array[]> {
  const places = ranges.map(completeSubtrees)
  const hashes = [...(await read(places.flat()))]
  return places.map((parts) => fold(hashes.splice(0, parts.length)))
}

/** The complete subtrees that make up a range whose start is aligned to its size, largest first. */
function completeSubtrees({ start, end }: Range): Place[] {
  const places: Place[] = []
  for (let at = start; at < end; ) {
    const size = powerUpTo(end - at)
    places.push({ level: Math.round(Math.log2(size)), index: at / size })
    at += size
  }
  return places
}

/** Complete subtrees of falling size, hashed together from the right. */
function fold(hashes: readonly Uint8Array[]): Uint8Array {
  return hashes.reduceRight((right, left) => nodeHash(left, right))
}

/** Where RFC 6962 splits n leaves: the largest power of two below n. */
function split(n: number): number {
  return powerUpTo(n - 1)
}

/** The largest power of two that is not above n. */
function powerUpTo(n: number): number {
  let power = 1
  while (2 * power <= n) power *= 2
  return power
}
