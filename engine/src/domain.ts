// Tables of the transform for one domain size: powers of the root of unity, and of the shift to the other coset.

import { ELEMENT, PAIR, inverse } from './wasm/field.ts'
import { SCALAR_ORDER } from './wasm/msm.ts'
import type { Machine } from './wasm/machine.ts'

export interface Domain {
  readonly pairs: number
  readonly roots: number
  readonly inverseRoots: number
  /** shift^i/n in bit-reversed order, as pairs. */
  readonly shifts: number
}

const r = SCALAR_ORDER

export function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n
  for (base %= modulus; exponent > 0n; exponent >>= 1n, base = (base * base) % modulus) if (exponent & 1n) result = (result * base) % modulus
  return result
}

/** The root of order 2^k that snarkjs uses: powers of 5, the least non-residue. */
export const rootOfUnity = (k: number): bigint => power(power(5n, (r - 1n) >> 28n, r), 1n << BigInt(28 - k), r)

/** `n`: a power of two, at least 4 and at most 2^27. */
export function buildDomain(machine: Machine, n: number): Domain {
  const log = Math.log2(n), pairs = n / 2
  const { fr } = machine.program
  const temporary = machine.allocate(40 * PAIR)
  const put = (at: number, x: bigint, y = x) => { machine.bytes.set(fr.encode(fr.mont(x), fr.mont(y)), at); return at }
  const fillRoots = (table: number, root: bigint) => {
    for (let h = pairs, w = root; h >= 1; h /= 2, w = (w * w) % r) {
      machine.exports.powers!(table + h * ELEMENT, h, put(temporary, 1n), put(temporary + PAIR, w))
    }
  }
  try {
    const roots = machine.allocate(2 * n * ELEMENT + pairs * PAIR), inverseRoots = roots + n * ELEMENT, shifts = inverseRoots + n * ELEMENT
    const forward = rootOfUnity(log), shift = rootOfUnity(log + 1), perN = inverse(BigInt(n), r)
    put(temporary, perN, (perN * shift) % r)
    for (let t = 0; t < log - 1; t++) put(temporary + PAIR * (t + 1), power(shift, 1n << BigInt(log - 1 - t), r))
    machine.exports.reversedPowers!(shifts, pairs, temporary, temporary + PAIR)
    fillRoots(roots, forward)
    fillRoots(inverseRoots, inverse(forward, r))
    return { pairs, roots, inverseRoots, shifts }
  } finally { machine.release(temporary) }
}
