// Σ sⱼ·Pⱼ over points known beforehand (a key's), by tables: C. H. Lim, P. J. Lee, "More flexible exponentiation with
// precomputation", CRYPTO '94, with digits that are odd and so never 0.
//
//   s odd:  s = Σ dₖ·16^k, k < 64, dₖ odd, |dₖ| ≤ 15, namely dₖ = 2·nₖ − 15 for the hexadecimal digits nₖ of (s − 1)/2 + 2^255
//   s even: r − s is odd; all signs turn
//
// The digits are dealt in four runs of 16. A table has 2^(64·run)·d·P for d = 1, 3, …, 15. Lane 0 sums runs 0 and 1, lane 1
// runs 2 and 3, so that 60 doublings serve everything. Its time does not depend on the scalars, except on which are 0.

import { ELEMENT, PAIR } from './field.ts'
import type { Coordinates } from './coordinates.ts'
import { call, i32, type Func, type I32, type Module } from './emit.ts'
import type { Jacobian } from './jacobian.ts'

const POINT = 2 * ELEMENT
const RUNS = 4, ODD = 8, RUN_BYTES = ODD * POINT
/** Bytes of a point's table. */
export const COMB_TABLE = RUNS * RUN_BYTES
/** Bytes of a term: 32 of digits, then the table's address, then the sign. */
export const COMB_TERM = 48

export interface Comb {
  /** table0, table1, p: the tables of two affine points side by side; the two addresses may be equal where the points are. */
  readonly tables: Func
  /** dst, terms, count: the sum as a Jacobian point, in both lanes. */
  readonly sum: Func
}

export function buildComb(m: Module, c: Coordinates, jacobian: Jacobian): Comb {
  const pointers = (n: number) => Array<'i32'>(n).fill('i32')
  const at = (base: I32, k: number) => (k === 0 ? base : i32.add(base, k * PAIR))
  const sum = m.frame(3 * PAIR), twice = m.frame(3 * PAIR), affine = m.frame(2 * PAIR), twiceAffine = m.frame(2 * PAIR)

  const tables = m.func('combTables', pointers(3), [], (f, table0, table1, p) => {
    const place = f.local('i32', i32.of(0))
    c.copy(f, sum, p!); c.copy(f, at(sum, 1), at(p!, 1)); c.copy(f, at(sum, 2), c.one)
    f.for(0, RUNS, 1, (run) => {
      f.if(run, () => f.for(0, 64, 1, () => f.call(jacobian.double, sum, sum)))
      f.call(jacobian.double, twice, sum)
      f.call(jacobian.toAffine, twiceAffine, twice)
      f.copy(twice, sum, 3 * PAIR)
      f.for(0, ODD, 1, () => {
        f.call(jacobian.toAffine, affine, twice)
        for (const [table, lane] of [[table0!, 0], [table1!, 1]] as const) {
          c.scatter(f, affine, lane, i32.add(table, place))
          c.scatter(f, at(affine, 1), lane, i32.add(i32.add(table, place), ELEMENT))
        }
        f.call(jacobian.addAffine, twice, twice, twiceAffine)
        f.step(place, POINT)
      })
    })
  })

  const combSum = m.func('combSum', pointers(3), [], (f, dst, terms, count) => {
    const end = f.local('i32', i32.add(terms!, i32.mul(count!, COMB_TERM)))
    const k = f.local('i32', i32.of(16)), sign = f.local('i32'), low = f.local('i32'), high = f.local('i32'), table = f.local('i32')
    jacobian.infinity(f, sum)
    f.while(() => k, () => {
      f.set(k, i32.sub(k, 1))
      f.for(0, 4, 1, () => f.call(jacobian.double, sum, sum))
      f.for(terms!, end, COMB_TERM, (term) => {
        f.set(table, i32.load(term, 32))
        f.set(sign, i32.load(term, 36))
        const digit = (run: number) => i32.and(i32.shrU(i32.load8u(i32.add(i32.add(term, 8 * run), i32.shrU(k, 1))), i32.shl(i32.and(k, 1), 2)), 15)
        for (const run of [0, 1]) {
          f.set(low, digit(run))
          f.set(high, digit(run + 2))
          // n ≥ 8 is the digit 2n − 15 > 0, entry n − 8; n < 8 is −(15 − 2n), entry 7 − n
          const entry = (n: typeof low, r: number) => i32.add(i32.add(table, r * RUN_BYTES), i32.mul(i32.select(i32.sub(n, 8), i32.sub(7, n), i32.geU(n, 8)), POINT))
          const negative = (n: typeof low) => i32.xor(sign, i32.ltU(n, 8))
          const a = f.local('i32', entry(low, run)), b = f.local('i32', entry(high, run + 2))
          c.gather(f, affine, a, b)
          c.gatherSigned(f, at(affine, 1), i32.add(a, ELEMENT), i32.add(b, ELEMENT), negative(low), negative(high))
          f.call(jacobian.addAffine, sum, sum, affine)
        }
      })
    })
    // Lane 0 + lane 1, in both lanes. Infinity is no affine point: y = 0 stands for it.
    const nothing = f.local('i32')
    f.call(c.reduce, twice, at(sum, 2))
    f.set(nothing, call(c.zeros, twice))
    f.copy(twice, sum, 3 * PAIR)
    f.for(0, 2, 1, (lane) => f.if(i32.and(i32.shrU(nothing, lane), 1), () => {
      c.getLane(f, affine, c.one, 0)
      c.setLane(f, at(twice, 2), lane, affine)
      c.getLane(f, affine, c.zero, 0)
      c.setLane(f, at(twice, 1), lane, affine)
    }))
    f.call(jacobian.toAffine, twiceAffine, twice)
    for (const part of [0, 1]) {
      c.scatter(f, at(twiceAffine, part), 0, affine)
      c.scatter(f, at(twiceAffine, part), 1, i32.add(affine, ELEMENT))
      c.gather(f, at(twice, part), i32.add(affine, ELEMENT), affine)
    }
    f.call(jacobian.addAffine, dst!, sum, twice)
  })
  return { tables, sum: combSum }
}
