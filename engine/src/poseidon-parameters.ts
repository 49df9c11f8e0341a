// Poseidon's parameters over Fr with circomlib's numbers of rounds: the paper's generator, and the form in which partial rounds
// have sparse matrices (L. Grassi, D. Khovratovich, C. Rechberger, A. Roy, M. Schofnegger, USENIX Security 2021, appendix B).

import { inverse, mod } from './wasm/field.ts'

export const FULL_ROUNDS = 8
/** For states of 2 … 17 elements. */
const PARTIAL_ROUNDS = [56, 57, 56, 60, 60, 63, 64, 63, 60, 66, 60, 65, 70, 60, 64, 68]

/** A square matrix, by row. */
type Matrix = readonly (readonly bigint[])[]
export interface PlainParameters { readonly constants: Matrix; readonly matrix: Matrix }

/**
 * The same function, partial rounds with 2t − 1 products. `first` and `last` are the constants of the full rounds at both ends;
 * the state before the first partial round is `entry`·(state after the S-boxes of full round 4) + `shift`. A partial round is x ↦ u =
 * x⁵ + constant for the first element, then (row·(u, others), others + column·u).
 */
export interface SparseParameters {
  readonly first: Matrix
  readonly matrix: Matrix
  readonly entry: Matrix
  readonly shift: readonly bigint[]
  readonly partial: readonly { readonly constant: bigint; readonly row: readonly bigint[]; readonly column: readonly bigint[] }[]
  readonly last: Matrix
}

/** The paper's generator: a linear feedback register of 80 bits, self-shrinking, seeded with the parameters. */
function* grain(bits: number, t: number, partial: number): Generator<number, never> {
  const seed = [[1, 2], [0, 4], [bits, 12], [t, 12], [FULL_ROUNDS, 10], [partial, 10], [2 ** 30 - 1, 30]] as const
  const state = seed.flatMap(([value, length]) => Array.from({ length }, (_, i) => (value >> (length - 1 - i)) & 1))
  let at = 0
  const tap = (i: number) => state[(at + i) % 80]!
  const clock = () => {
    const bit = tap(62) ^ tap(51) ^ tap(38) ^ tap(23) ^ tap(13) ^ tap(0)
    state[at] = bit
    at = (at + 1) % 80
    return bit
  }
  for (let i = 0; i < 160; i++) clock()
  for (;;) {
    const keep = clock(), bit = clock()
    if (keep) yield bit
  }
}

/** t constants a round, all rounds, and the matrix. */
export function plainParameters(p: bigint, t: number): PlainParameters {
  const partial = PARTIAL_ROUNDS[t - 2]!, bits = p.toString(2).length
  const source = grain(bits, t, partial)
  const draw = () => { let value = 0n; for (let i = 0; i < bits; i++) value = (value << 1n) | BigInt(source.next().value); return value }
  const constants = Array.from({ length: FULL_ROUNDS + partial }, () => Array.from({ length: t }, () => { let value; do value = draw(); while (value >= p); return value }))
  const [xs, ys] = [0, 1].map(() => Array.from({ length: t }, () => mod(draw(), p))) as [bigint[], bigint[]]
  return { constants, matrix: xs.map((x) => ys.map((y) => inverse(x + y, p))) }
}

/**
 * Two facts. A constant of an element that has no S-box in a round can be added before the round's S-boxes or after them, so that
 * constants move backwards through M⁻¹ until only the first element's are left, after their S-box. And with M = [m v; w A],
 * M = [m vA⁻¹; w 1]·[1 0; 0 A], whose second factor passes the S-box before it and meets the M of the round before: the round
 * with k − 1 partial ones after it has [m vA⁻ᵏ; Aᵏ⁻¹w 1], and the full round before them all [1 0; 0 Aᴾ]·M.
 */
export function sparseParameters(p: bigint, { constants, matrix }: PlainParameters): SparseParameters {
  const half = FULL_ROUNDS / 2, rounds = constants.length - FULL_ROUNDS
  const dot = (a: readonly bigint[], b: readonly bigint[]) => mod(a.reduce((sum, x, i) => sum + x * b[i]!, 0n), p)
  const transposed = (m: Matrix): Matrix => m[0]!.map((_, j) => m.map((row) => row[j]!))
  const apply = (m: Matrix, x: readonly bigint[]) => m.map((row) => dot(row, x))
  const inner: Matrix = matrix.slice(1).map((row) => row.slice(1))
  const back = inverseMatrix(matrix, p), innerBack = transposed(inverseMatrix(inner, p))

  let carried = constants[half + rounds - 1]!
  const scalars = [0n]
  for (let r = rounds - 2; r >= 0; r--) {
    const [scalar, ...others] = apply(back, carried) as [bigint, ...bigint[]]
    scalars.unshift(scalar)
    carried = constants[half + r]!.map((c, i) => (i === 0 ? c : mod(c + others[i - 1]!, p)))
  }
  let row = matrix[0]!.slice(1), column = matrix.slice(1).map(([w]) => w!)
  const partial = scalars.map(() => ({ constant: 0n, row, column }))
  for (let r = rounds - 1; r >= 0; r--) {
    row = apply(innerBack, row)
    partial[r] = { constant: scalars[r]!, row: [matrix[0]![0]!, ...row], column }
    column = apply(inner, column)
  }
  let power: Matrix = inner
  let entry: Matrix = matrix.slice(1), shift: readonly bigint[] = carried.slice(1)
  for (let k = rounds; k > 0; k >>= 1) {
    if (k & 1) {
      entry = transposed(transposed(entry).map((x) => apply(power, x)))
      shift = apply(power, shift)
    }
    power = transposed(transposed(power).map((x) => apply(power, x)))
  }
  return { first: constants.slice(0, half), matrix, entry: [matrix[0]!, ...entry], shift: [carried[0]!, ...shift], partial, last: constants.slice(half + rounds) }
}

/** Gauss and Jordan. */
function inverseMatrix(matrix: Matrix, p: bigint): Matrix {
  const n = matrix.length
  const rows = matrix.map((row, i) => [...row, ...row.map((_, j) => (i === j ? 1n : 0n))])
  for (let k = 0; k < n; k++) {
    const pivot = rows.findIndex((row, i) => i >= k && row[k] !== 0n)
    ;[rows[k], rows[pivot]] = [rows[pivot]!, rows[k]!]
    const scale = inverse(rows[k]![k]!, p)
    rows[k] = rows[k]!.map((x) => mod(x * scale, p))
    for (let i = 0; i < n; i++) if (i !== k && rows[i]![k] !== 0n) {
      const factor = rows[i]![k]!
      rows[i] = rows[i]!.map((x, j) => mod(x - factor * rows[k]![j]!, p))
    }
  }
  return rows.map((row) => row.slice(n))
}
