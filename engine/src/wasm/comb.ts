// Σ sⱼ·Pⱼ over points known beforehand (a key's), by tables: C. H. Lim, P. J. Lee, "More flexible exponentiation with
// precomputation", CRYPTO '94, with digits that are odd and so never 0.
//
//   s odd:  s = Σ dₖ·64^k, k < 44, dₖ odd, |dₖ| ≤ 63, namely dₖ = 2·nₖ − 63 for the digits nₖ of (s − 1)/2 + 2^263 in base 64
//   s even: r − s is odd; all signs turn
//
// The digits are dealt in four runs of 11, and a table has 2^(66·run)·d·P for d = 1, 3, …, 63. So the digits at one place of
// all runs and all scalars choose points to be just added (sums.ts), and 60 doublings join the 11 places.

import { ELEMENT, PAIR } from './field.ts'
import type { Coordinates } from './coordinates.ts'
import { call, i32, type Func, type I32, type Module } from './emit.ts'
import type { Jacobian } from './jacobian.ts'

const POINT = 2 * ELEMENT
const WIDTH = 6, RUNS = 4, PLACES = 11, ODD = 32, RUN_BYTES = ODD * POINT
/** Bytes of a point's table. */
export const COMB_TABLE = RUNS * RUN_BYTES
/** Bytes of a term: 33 of digits, then at 40 the table's address, at 44 the sign. */
export const COMB_TERM = 48
/** What (s − 1)/2, s odd, is added to before it is written as digits. */
export const COMB_OFFSET = 1n << 263n
/** Bytes of workspace for sums of `count` terms. */
export const combWorkspace = (count: number): number => 16 * PLACES + PLACES * RUNS * count * (4 + POINT / 2) + 4 * POINT

export interface Comb {
  /** table, p: the table of a point that is affine and in both lanes. */
  readonly table: Func
  /** dst, terms, count, workspace: the sum as a Jacobian point, in both lanes. */
  readonly sum: Func
}

/**
 * fold(dst, entries, offsets, counts, lists, doublings): Σ 2^(doublings·l) · (list l's sum) after `sums`, Jacobian, both lanes.
 * `lists` and `doublings` are in the code.
 */
export function buildListFold(m: Module, c: Coordinates, jacobian: Jacobian, lists: number, doublings: number): Func {
  const sum = m.frame(3 * PAIR), affine = m.frame(2 * PAIR)
  return m.func(`foldLists${lists}`, ['i32', 'i32', 'i32', 'i32'], [], (f, dst, entries, offsets, counts) => {
    const k = f.local('i32', i32.of(4 * lists)), entry = f.local('i32'), negative = f.local('i32')
    jacobian.infinity(f, sum)
    f.while(() => k, () => {
      f.set(k, i32.sub(k, 4))
      f.for(0, doublings, 1, () => f.call(jacobian.double, sum, sum))
      f.if(i32.load(i32.add(counts!, k)), () => {
        f.set(entry, i32.load(i32.add(entries!, i32.shl(i32.load(i32.add(offsets!, k)), 2))))
        f.if(entry, () => {
          f.set(negative, i32.and(entry, 1))
          f.set(entry, i32.and(entry, -2))
          c.gather(f, affine, entry, entry)
          c.gatherSigned(f, i32.add(affine, PAIR), i32.add(entry, ELEMENT), i32.add(entry, ELEMENT), negative, negative)
          f.call(jacobian.addAffine, sum, sum, affine)
        })
      })
    })
    f.copy(dst!, sum, 3 * PAIR)
  }, false)
}

export function buildComb(m: Module, c: Coordinates, jacobian: Jacobian, sums: Func): Comb {
  const pointers = (n: number) => Array<'i32'>(n).fill('i32')
  const at = (base: I32, k: number) => (k === 0 ? base : i32.add(base, k * PAIR))
  const base = m.frame(3 * PAIR), multiple = m.frame(3 * PAIR), affine = m.frame(2 * PAIR), twice = m.frame(2 * PAIR)

  const table = m.func('combTable', pointers(2), [], (f, to, p) => {
    const place = f.local('i32', to!)
    c.copy(f, base, p!); c.copy(f, at(base, 1), at(p!, 1)); c.copy(f, at(base, 2), c.one)
    f.for(0, RUNS, 1, (run) => {
      f.if(run, () => f.for(0, WIDTH * PLACES, 1, () => f.call(jacobian.double, base, base)))
      f.call(jacobian.double, multiple, base)
      f.call(jacobian.toAffine, twice, multiple)
      f.copy(multiple, base, 3 * PAIR)
      f.for(0, ODD, 1, () => {
        f.call(jacobian.toAffine, affine, multiple)
        c.scatter(f, affine, 0, place)
        c.scatter(f, at(affine, 1), 0, i32.add(place, ELEMENT))
        f.call(jacobian.addAffine, multiple, multiple, twice)
        f.step(place, POINT)
      })
    })
  })

  const fold = buildListFold(m, c, jacobian, PLACES, WIDTH)
  const sum = m.func('combSum', pointers(4), [], (f, dst, terms, count, workspace) => {
    const end = f.local('i32', i32.add(terms!, i32.mul(count!, COMB_TERM)))
    const counts = f.local('i32', workspace!), offsets = f.local('i32', i32.add(counts, 4 * PLACES)), entries = f.local('i32', i32.add(offsets, 4 * PLACES))
    const perList = f.local('i32', i32.mul(count!, RUNS)), to = f.local('i32', entries), n = f.local('i32'), bit = f.local('i32'), entry = f.local('i32')
    const scratch = f.local('i32', i32.and(i32.add(i32.add(entries, i32.mul(perList, 4 * PLACES)), 15), -16))
    f.for(0, PLACES, 1, (place) => {
      f.store32(i32.add(counts, i32.shl(place, 2)), 0, perList)
      f.store32(i32.add(offsets, i32.shl(place, 2)), 0, i32.mul(place, perList))
      f.for(terms!, end, COMB_TERM, (term) => {
        for (let run = 0; run < RUNS; run++) {
          f.set(bit, i32.add(i32.mul(place, WIDTH), run * WIDTH * PLACES))
          f.set(n, i32.and(i32.shrU(i32.load(i32.add(term, i32.shrU(bit, 3))), i32.and(bit, 7)), 2 ** WIDTH - 1))
          // n ≥ 32 is the digit 2n − 63 > 0, entry n − 32; n < 32 is −(63 − 2n), entry 31 − n
          f.set(entry, i32.select(i32.sub(n, ODD), i32.sub(ODD - 1, n), i32.geU(n, ODD)))
          f.set(entry, i32.add(i32.add(i32.load(term, 40), run * RUN_BYTES), i32.mul(entry, POINT)))
          f.store32(to, 0, i32.or(entry, i32.xor(i32.load(term, 44), i32.ltU(n, ODD))))
          f.step(to, 4)
        }
      })
    })
    f.set(to, call(sums, entries, offsets, counts, PLACES, scratch))
    f.call(fold, dst!, entries, offsets, counts)
  })
  return { table, sum }
}
