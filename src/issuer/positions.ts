/**
 * The order in which the positions of a status list are given out: a secret permutation, so that an index tells nothing of when
 * a credential was issued or what was issued before it. A Feistel network over 20 bits; what falls outside the list walks on.
 */

import { createHmac, randomBytes } from 'node:crypto'
import { CAPACITY } from '../credential/status-list.ts'
import { invariant } from '../errors/errors.ts'

const HALF_BITS = 10
const HALF = 1 << HALF_BITS
const ROUNDS = 6

export function newPermutationKey(): Uint8Array {
  return randomBytes(32)
}

/** The position of the n-th credential of a list, n from 0: every position comes exactly once. */
export function positionAt(key: Uint8Array, n: number): number {
  invariant(Number.isInteger(n) && n >= 0 && n < CAPACITY, `no ${n}-th position`)
  let position = permuted(key, n)
  while (position >= CAPACITY) position = permuted(key, position) // 3 % of 2^20 lie outside; the walk stays on n's own cycle
  return position
}

function permuted(key: Uint8Array, value: number): number {
  let [left, right] = [value >> HALF_BITS, value & (HALF - 1)]
  for (let round = 0; round < ROUNDS; round++) {
    const mixed = createHmac('sha256', key).update(Uint8Array.of(round, right >> 8, right & 255)).digest().readUInt16BE(0) & (HALF - 1)
    ;[left, right] = [right, left ^ mixed]
  }
  return (left << HALF_BITS) | right
}
