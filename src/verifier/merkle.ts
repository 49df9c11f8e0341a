/**
 * Checks of RFC 6962's proofs, as RFC 9162 §2.1.3.2 and §2.1.4.2 spell them out: a leaf is in a tree, a tree is a prefix of
 * another. Every hash of a proof is used, and none is missing.
 */

import { sha256 } from '@noble/hashes/sha2.js'
import { concatBytes } from '@noble/hashes/utils.js'
import { refuse } from '../errors/errors.ts'

export function leafHash(leaf: Uint8Array): Uint8Array {
  return sha256(concatBytes(Uint8Array.of(0), leaf))
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(concatBytes(Uint8Array.of(1), left, right))
}

/** A tree as a checkpoint states it. */
export interface TreeHead {
  readonly size: number
  readonly root: Uint8Array
}

/**
 * Checks that leaf number `index` is in a tree.
 * @param proof  hashes from the leaf's sibling upwards
 * @throws Refusal MALFORMED (index outside the tree), PROOF_INVALID
 */
export function requireInclusion(leaf: Uint8Array, index: number, { size, root }: TreeHead, proof: readonly Uint8Array[]): void {
  if (!isCount(index) || !isCount(size) || index >= size) refuse('MALFORMED', `there is no leaf ${index} in a tree of ${size}`)
  let [at, last] = [index, size - 1]
  let node = leafHash(leaf)
  for (const hash of proof) {
    if (last === 0) return invalid('inclusion')
    if (at % 2 === 1 || at === last) {
      node = nodeHash(hash, node)
      for (; at % 2 === 0 && at !== 0; last = half(last)) at = half(at)
    } else node = nodeHash(node, hash)
    ;[at, last] = [half(at), half(last)]
  }
  if (last !== 0 || !isEqual(node, root)) invalid('inclusion')
}

/**
 * Checks that the tree `first` is a prefix of the tree `second`: nothing that was there has been changed or dropped.
 * @throws Refusal PROOF_INVALID (a rollback or a fork among others)
 */
export function requireConsistency(first: TreeHead, second: TreeHead, proof: readonly Uint8Array[]): void {
  if (!isCount(first.size) || !isCount(second.size) || first.size > second.size) return invalid('consistency')
  if (first.size === second.size || first.size === 0) {
    const expected = first.size === 0 && second.size > 0 ? sha256(new Uint8Array()) : second.root
    if (proof.length > 0 || !isEqual(first.root, expected)) invalid('consistency')
    return
  }
  // A complete first tree is its own first hash; RFC 9162 prepends it.
  const hashes = isPowerOfTwo(first.size) ? [first.root, ...proof] : proof
  const [start, ...others] = hashes
  if (!start) return invalid('consistency')
  let [at, last] = [first.size - 1, second.size - 1]
  for (; at % 2 === 1; last = half(last)) at = half(at)
  let [older, newer] = [start, start]
  for (const hash of others) {
    if (last === 0) return invalid('consistency')
    if (at % 2 === 1 || at === last) {
      ;[older, newer] = [nodeHash(hash, older), nodeHash(hash, newer)]
      for (; at % 2 === 0 && at !== 0; last = half(last)) at = half(at)
    } else newer = nodeHash(newer, hash)
    ;[at, last] = [half(at), half(last)]
  }
  if (last !== 0 || !isEqual(older, first.root) || !isEqual(newer, second.root)) invalid('consistency')
}

// Arithmetic, not shifts: sizes may pass 2^32.
function half(n: number): number {
  return Math.floor(n / 2)
}

function isCount(n: number): boolean {
  return Number.isSafeInteger(n) && n >= 0
}

function isPowerOfTwo(n: number): boolean {
  let power = 1
  while (power < n) power *= 2
  return power === n
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}

function invalid(kind: 'inclusion' | 'consistency'): never {
  return refuse('PROOF_INVALID', `the ${kind} proof does not lead to the root`)
}
