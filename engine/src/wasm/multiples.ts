// Many points of G1, each times its own random coefficient, all in step: every addition is affine and its inversions are
// shared (Montgomery's trick).
//
// A coefficient is z = u + v·λ with u, v odd and below 2^64 in absolute value; λ·(x, y) = (β·x, y) (R. Gallant, R. Lambert,
// S. Vanstone, CRYPTO 2001). Sixteen random hexadecimal digits nₖ make u = Σ (2nₖ − 15)·16^k, and sixteen more v. Two
// different (u, v) are different modulo r, since N(a + b·λ) = a² − ab + b² is a multiple of r only for (0, 0) or from r on, and
// |a|, |b| < 2^65 stay below. So z is one of 2^128 values, each as likely, none of them 0.
//
// No exceptional case: the sums met are (a + b·λ)·P with (a, b) ≠ (0, 0) small, never ± what is added to them, and no
// point of G1 but infinity has an order other than r. Points come two side by side: x, y pairs.

import { ELEMENT, PAIR, mod, type Field } from './field.ts'
import { buildListFold } from './comb.ts'
import type { Coordinates } from './coordinates.ts'
import { call, i32, type Body, type Func, type I32, type Val } from './emit.ts'
import type { Jacobian } from './jacobian.ts'

export const BETA = 2203960485148121921418603742825762020974279258880205651966n
export const LAMBDA = 4407920970296243842393367215006156084916469457145843978461n
/** Random bytes a point: 8 for u, 8 for v. */
export const COEFFICIENT = 16
/** Bytes of two points side by side. */
export const SIDE_BY_SIDE = 2 * PAIR
const POINT = 2 * ELEMENT, ODD = 8

/** The coefficient made from 16 random bytes, modulo r. */
export function coefficient(bytes: Uint8Array, order: bigint): bigint {
  const odd = (from: number) => 2n * bytes.subarray(from, from + 8).reduceRight((sum, byte) => (sum << 8n) + BigInt(byte), 0n) + 1n - (1n << 64n)
  return mod(odd(0) + odd(8) * LAMBDA, order)
}

/** Bytes of workspace for `count` pairs of points. */
export const multiplesWorkspace = (count: number): number =>
  count * (SIDE_BY_SIDE + 2 * PAIR + 4 * ODD * POINT) + 16 * 8 + 2 * count * 2 * 16 * (4 + POINT / 2) + 4 * POINT

export interface Multiples {
  /** points, count, coefficients, workspace: `count` pairs of points ← their multiples; 2·count coefficients. */
  readonly each: Func
  /** dst, points, used, coefficients, workspace: dst = Σ zᵢ·Pᵢ over the first `used` points, Jacobian, in both lanes. Spoils the points. */
  readonly total: Func
}

export function buildMultiples(field: Field, c: Coordinates, jacobian: Jacobian, sums: Func): Multiples {
  const { m } = field
  const invert = c.invert
  const pointers = (n: number) => Array<'i32'>(n).fill('i32')
  const at = (base: I32, k: number) => (k === 0 ? base : i32.add(base, k * PAIR))
  const temp = () => m.frame(PAIR)
  const [running, inverse, slope, x3, t] = [temp(), temp(), temp(), temp(), temp()]
  const reduce = (f: Body, x: I32) => f.call(field.reduce, x, x)
  /** One pass down the points: with 1/differences, the slopes and the sums. `work`: differences, then their prefix products. */
  const step = (name: string, doubles: boolean) => m.func(name, pointers(4), [], (f, points, addends, count, work) => {
    const differences = work!, prefixes = f.local('i32', i32.add(work!, i32.mul(count!, PAIR)))
    const k = f.local('i32', i32.of(0)), p = f.local('i32', points!), q = f.local('i32', addends!), d = f.local('i32', differences), before = f.local('i32', prefixes)
    const move = (by: 1 | -1) => {
      f.step(p, by * SIDE_BY_SIDE); f.step(q, by * SIDE_BY_SIDE); f.step(d, by * PAIR); f.step(before, by * PAIR); f.step(k, by)
    }
    field.copy(f, running, field.one)
    f.while(() => i32.ltU(k, count!), () => {
      if (doubles) field.double(f, d, at(p, 1))
      else field.sub(f, d, q, p)
      field.copy(f, before, running)
      f.call(field.mul, running, running, d)
      move(1)
    })
    reduce(f, running)
    f.call(invert, running, running)
    f.while(() => k, () => {
      move(-1)
      f.call(field.mul, inverse, running, before)
      f.call(field.mul, running, running, d)
      if (doubles) {
        f.call(field.sqr, t, p)
        field.add(f, slope, t, t); field.add(f, slope, slope, t); reduce(f, slope)
      } else field.sub(f, slope, at(q, 1), at(p, 1))
      f.call(field.mul, slope, slope, inverse)
      f.call(field.sqr, x3, slope)
      field.sub(f, x3, x3, p); field.sub(f, x3, x3, doubles ? p : q); reduce(f, x3)
      field.sub(f, t, i32.of(p), x3)
      f.call(field.mul, t, t, slope)
      field.sub(f, t, t, at(p, 1))
      f.call(field.reduce, at(p, 1), t)
      field.copy(f, p, x3)
    })
  }, false)
  const doubleAll = step('doubleAll', true), addAll = step('addEach', false)

  const beta = field.constantPair(BETA)

  /** tables[i][(d − 1)/2] = d·Pᵢ, d = 1, 3, …, 15. `addends` and `work`: workspace. Spoils the points. */
  const oddMultiples = m.func('oddMultiples', pointers(5), [], (f, points, count, addends, work, tables) => {
    const size = f.local('i32', i32.mul(count!, SIDE_BY_SIDE)), table = f.local('i32')
    f.copy(addends!, points!, size)
    f.call(doubleAll, addends!, addends!, count!, work!)
    f.for(0, ODD, 1, (j) => {
      f.if(j, () => f.call(addAll, points!, addends!, count!, work!))
      f.set(table, i32.add(tables!, i32.mul(j, POINT)))
      f.for(points!, i32.add(points!, size), SIDE_BY_SIDE, (p) => {
        for (const lane of [0, 1] as const) {
          field.scatter(f, p, lane, table)
          field.scatter(f, at(p, 1), lane, i32.add(table, ELEMENT))
          f.step(table, ODD * POINT)
        }
      })
    })
  }, false)

  /** Digit k of a coefficient's half, as the entry's offset in a table and its sign. */
  const digit = (f: Body, half: I32, k: Val<'i32'>) => {
    const n = f.local('i32', i32.and(i32.shrU(i32.load8u(i32.add(half, i32.shrU(k, 1))), i32.shl(i32.and(k, 1), 2)), 15))
    const entry = i32.select(i32.sub(n, 8), i32.sub(7, n), i32.geU(n, 8))
    return { offset: i32.mul(entry, POINT), negative: i32.ltU(n, 8) }
  }

  const each = m.func('multiples', pointers(4), [], (f, points, count, coefficients, workspace) => {
    const size = f.local('i32', i32.mul(count!, SIDE_BY_SIDE))
    const addends = f.local('i32', workspace!), work = f.local('i32', i32.add(addends, size)), tables = f.local('i32', i32.add(work, i32.mul(count!, 2 * PAIR)))
    const table = f.local('i32'), source = f.local('i32'), k = f.local('i32', i32.of(16))
    f.call(oddMultiples, points!, count!, addends, work, tables)

    /** addends = the digits k of u (part 0) or v (part 8). */
    const collect = (part: 0 | 8) => {
      f.set(source, i32.add(coefficients!, part))
      f.set(table, i32.of(tables))
      f.for(addends, i32.add(addends, size), SIDE_BY_SIDE, (to) => {
        const lanes = ([0, 1] as const).map((lane) => {
          const { offset, negative } = digit(f, i32.add(source, COEFFICIENT * lane), k)
          return { entry: f.local('i32', i32.add(i32.add(table, ODD * POINT * lane), offset)), negative: f.local('i32', negative) }
        })
        const [a, b] = lanes as [typeof lanes[0], typeof lanes[0]]
        field.gather(f, to, a.entry, b.entry)
        field.gatherSigned(f, at(to, 1), i32.add(a.entry, ELEMENT), i32.add(b.entry, ELEMENT), a.negative, b.negative)
        if (part === 8) { f.call(field.mul, to, to, beta); reduce(f, to) }
        f.step(source, 2 * COEFFICIENT)
        f.step(table, 2 * ODD * POINT)
      })
    }
    f.while(() => k, () => {
      f.set(k, i32.sub(k, 1))
      f.if(i32.eq(k, 15), () => {
        collect(0)
        f.copy(points!, addends, size)
      }, () => {
        f.for(0, 4, 1, () => f.call(doubleAll, points!, points!, count!, work))
        collect(0)
        f.call(addAll, points!, addends, count!, work)
      })
      collect(8)
      f.call(addAll, points!, addends, count!, work)
    })
  })

  const scaled = m.frame(PAIR), fold = buildListFold(m, c, jacobian, 16, 4)
  const combination = m.func('combination', pointers(5), [], (f, dst, points, used, coefficients, workspace) => {
    const count = f.local('i32', i32.shrU(i32.add(used!, 1), 1))
    const addends = f.local('i32', workspace!), work = f.local('i32', i32.add(addends, i32.mul(count, SIDE_BY_SIDE)))
    const tables = f.local('i32', i32.add(work, i32.mul(count, 2 * PAIR))), tableBytes = f.local('i32', i32.mul(count, 2 * ODD * POINT))
    const turned = f.local('i32', i32.add(tables, tableBytes))
    const counts = f.local('i32', i32.add(turned, tableBytes)), offsets = f.local('i32', i32.add(counts, 64)), entries = f.local('i32', i32.add(offsets, 64))
    const perList = f.local('i32', i32.shl(used!, 1))
    const scratch = f.local('i32', i32.and(i32.add(i32.add(entries, i32.shl(perList, 6)), 15), -16))
    f.call(oddMultiples, points!, count, addends, work, tables)
    f.copy(turned, tables, tableBytes)
    f.for(turned, i32.add(turned, tableBytes), POINT, (entry) => {
      field.gather(f, scaled, entry, entry)
      f.call(field.mul, scaled, scaled, beta)
      f.call(field.reduce, scaled, scaled)
      field.scatter(f, scaled, 0, entry)
    })
    // One list for each digit's place; its sum is the digit's share.
    const to = f.local('i32', entries), table = f.local('i32'), half = f.local('i32')
    f.for(0, 16, 1, (k) => {
      f.store32(i32.add(counts, i32.shl(k, 2)), 0, perList)
      f.store32(i32.add(offsets, i32.shl(k, 2)), 0, i32.mul(k, perList))
      f.for(0, used!, 1, (i) => {
        for (const [part, from] of [[0, tables], [8, turned]] as const) {
          f.set(table, i32.add(from, i32.mul(i, ODD * POINT)))
          f.set(half, i32.add(coefficients!, i32.add(i32.mul(i, COEFFICIENT), part)))
          const { offset, negative } = digit(f, half, k)
          f.store32(to, 0, i32.or(i32.add(table, offset), negative))
          f.step(to, 4)
        }
      })
    })
    f.set(table, call(sums, entries, offsets, counts, 16, scratch)) // where its results end, which nobody asks
    f.call(fold, dst!, entries, offsets, counts)
  })
  return { each, total: combination }
}
