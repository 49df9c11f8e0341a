// Scalars cut in two halves for the endomorphism λ·(x, y) = (β·x, y) (R. Gallant, R. Lambert, S. Vanstone, CRYPTO 2001), and the
// halves in digits.

import { toLittleEndian } from '../files.ts'
import { mod } from '../wasm/field.ts'
import { LAMBDA } from '../wasm/multiples.ts'
import { SCALAR_ORDER as r } from '../wasm/msm.ts'
import { DOUBLE, NEGATED, TURNED } from '../wasm/scale.ts'

/** Bits of a half, its sign aside. */
export const HALF_BITS = 127

/** Two short vectors (a, b) with a + b·λ = 0 modulo r: remainders of Euclid's algorithm on r and λ around √r. */
const BASIS = ((): [[bigint, bigint], [bigint, bigint]] => {
  let [previous, current]: [[bigint, bigint], [bigint, bigint]] = [[r, 0n], [LAMBDA, -1n]]
  while (current[0] * current[0] > r) {
    const q = previous[0] / current[0]
    ;[previous, current] = [current, [previous[0] - q * current[0], previous[1] - q * current[1]]]
  }
  return [previous, current]
})()

const nearest = (n: bigint, d: bigint): bigint => {
  const doubled = 2n * n + d
  const q = doubled / (2n * d)
  return doubled < 0n && q * 2n * d !== doubled ? q - 1n : q
}

/** u, v with k = u + v·λ modulo r, both below 2^HALF_BITS in absolute value. */
export function split(k: bigint): [bigint, bigint] {
  const [[a1, b1], [a2, b2]] = BASIS
  const determinant = a1 * b2 - a2 * b1 // ±r
  const sign = determinant < 0n ? -1n : 1n
  const c1 = nearest(sign * k * b2, r), c2 = nearest(-sign * k * b1, r)
  return [k - c1 * a1 - c2 * a2, -c1 * b1 - c2 * b2]
}

/** u and v, both odd and below 2^128 in absolute value, as 32 digits nₖ each with u = Σ (2nₖ − 15)·16^k: 32 bytes. */
export function oddDigits(k: bigint): Uint8Array {
  const [u, v] = split(k), [[a1, b1], [a2, b2]] = BASIS
  // The vectors are different modulo 2, so that one choice of them mends both parities; of its signs, the one that keeps them short.
  for (const [c1, c2] of [[0n, 0n], [1n, 0n], [0n, 1n], [1n, 1n], [-1n, 0n], [0n, -1n], [-1n, -1n], [1n, -1n], [-1n, 1n]] as const) {
    const odd = [u + c1 * a1 + c2 * a2, v + c1 * b1 + c2 * b2]
    if (odd.every((half) => (half & 1n) === 1n && half < 1n << 128n && half > -(1n << 128n))) {
      const out = new Uint8Array(32)
      odd.forEach((half, i) => out.set(toLittleEndian((half + (1n << 128n) - 1n) / 2n, 16), 16 * i))
      return out
    }
  }
  throw new RangeError('a scalar that has no such digits')
}

/** Signed digits in base 2^width, lowest first, each in [−2^(width−1), 2^(width−1)]. */
export function windows(x: bigint, width: number, into: Int16Array, at: number): void {
  const negative = x < 0n
  if (negative) x = -x
  for (let i = at; x > 0n; i++) {
    let digit = BigInt.asUintN(width, x)
    x >>= BigInt(width)
    if (digit > 1n << BigInt(width - 1)) { digit -= 1n << BigInt(width); x++ }
    into[i] = Number(negative ? -digit : digit)
  }
}

/** Digits in non-adjacent form of width 5: 0, or odd and below 16 in absolute value. */
function nonAdjacent(x: bigint): number[] {
  const digits: number[] = []
  for (; x !== 0n; x >>= 1n) {
    const digit = x & 1n ? BigInt.asIntN(5, x) : 0n
    x -= digit
    digits.push(Number(digit))
  }
  return digits
}

/**
 * The steps of `g1_scale` for a scalar.
 * @throws RangeError for 0, and for scalars that bring equal or opposite points together: none that are drawn at random
 */
export function scaleSteps(scalar: bigint): Uint8Array {
  const halves = split(mod(scalar, r)).map(nonAdjacent) as [number[], number[]]
  const steps: number[] = []
  let sum = 0n
  for (let place = Math.max(halves[0].length, halves[1].length) - 1; place >= 0; place--) {
    if (steps.length > 0) { steps.push(DOUBLE); sum = mod(2n * sum, r) }
    halves.forEach((digits, half) => {
      const digit = digits[place] ?? 0
      if (digit === 0) return
      const multiple = mod(BigInt(digit) * (half === 0 ? 1n : LAMBDA), r)
      if (steps.length > 0 && (sum === multiple || mod(sum + multiple, r) === 0n)) throw new RangeError('an exceptional scalar')
      sum = mod(sum + multiple, r)
      steps.push(((Math.abs(digit) - 1) / 2) | (half === 0 ? 0 : TURNED) | (digit < 0 ? NEGATED : 0))
    })
  }
  if (steps.length === 0 || sum !== mod(scalar, r)) throw new RangeError('an exceptional scalar')
  return Uint8Array.from(steps)
}
