// Many points of G1 times one scalar (contributions): since the scalar is the same, so are its digits, and all points take
// each doubling and each addition in step, affine, with shared inversions (Montgomery's trick). The scalar is u + v·λ, both in
// non-adjacent form of width 5 (setup/scalar.ts), the odd multiples 1 … 15 of each point and of λ times it tabled.
//
// Exceptional cases (adding equal or opposite points) depend on the scalar alone, as the points have order r; who makes the
// digits looks for them there.

import type { Coordinates } from './coordinates.ts'
import { call, i32, type Func, type I32, type Module, type Val } from './emit.ts'
import { ELEMENT, PAIR, type Field } from './field.ts'
import { BETA } from './multiples.ts'

/** Odd multiples in a table. */
export const ODD = 8
export const DOUBLE = 0xff
/** An addition: the table's entry, then what it is changed by. */
export const TURNED = 0x10, NEGATED = 0x20
const COLUMNS = 3 * ODD + 6

/** `count`: of points, a multiple of 4. */
export const scaleWorkspace = (count: number): number => (COLUMNS * count / 2) * PAIR

/**
 * `g1_scale(points, count, steps, stepCount, workspace)`: affine points, none at infinity, ← each times the scalar. Steps are
 * bytes: DOUBLE, or an entry's number with TURNED (λ times it) and NEGATED; the first is the entry to begin with. `count` is a
 * multiple of 4.
 */
export function buildScale(m: Module, field: Field, c: Coordinates): Func {
  const temps = (): [Val<'i32'>, Val<'i32'>] => [m.frame(PAIR), m.frame(PAIR)]
  const totals = temps(), inverses = temps(), lambdas = temps(), sums = temps(), rests = temps(), product = m.frame(PAIR), slope = m.frame(PAIR)
  const each = (body: (chain: 0 | 1) => void) => { body(0); body(1) }

  /** xs, ys ← xs, ys + qx, ±qy, or doubled; `size`: bytes of a column, whole pairs of pairs; `work`: two columns. */
  const step = (doubles: boolean) => m.func(doubles ? 'scaleDouble' : 'scaleAdd', Array<'i32'>(7).fill('i32'), [], (f, xs, ys, qx, qy, negated, size, work) => {
    const k = f.local('i32')
    const of = (column: I32, chain: 0 | 1) => i32.add(i32.add(column, k), chain * PAIR)
    const differences = work!, prefixes = f.local('i32', i32.add(work!, size!))
    for (const total of totals) field.copy(f, total, field.one)
    f.set(k, i32.of(0))
    f.while(() => i32.ltU(k, size!), () => {
      each((n) => {
        if (doubles) field.double(f, of(differences, n), of(ys!, n))
        else field.sub(f, of(differences, n), of(qx!, n), of(xs!, n))
        field.copy(f, of(prefixes, n), totals[n])
      })
      each((n) => f.call(field.mul, totals[n], totals[n], of(differences, n)))
      f.step(k, 2 * PAIR)
    })
    f.call(field.mul, product, totals[0], totals[1])
    f.call(field.reduce, product, product)
    f.call(c.invert, product, product)
    f.call(field.mul, inverses[0], product, totals[1])
    f.call(field.mul, inverses[1], product, totals[0])
    f.while(() => k, () => {
      f.set(k, i32.sub(k, 2 * PAIR))
      each((n) => f.call(field.mul, lambdas[n], inverses[n], of(prefixes, n)))
      each((n) => f.call(field.mul, inverses[n], inverses[n], of(differences, n)))
      each((n) => {
        if (doubles) {
          f.call(field.sqr, rests[n], of(xs!, n))
          field.add(f, slope, rests[n], rests[n]); field.add(f, slope, slope, rests[n])
          f.call(field.reduce, slope, slope)
        } else {
          f.if(negated!, () => field.neg(f, slope, of(qy!, n)), () => field.copy(f, slope, of(qy!, n)))
          field.sub(f, slope, slope, of(ys!, n))
        }
        f.call(field.mul, lambdas[n], lambdas[n], slope)
      })
      each((n) => f.call(field.sqr, sums[n], lambdas[n]))
      each((n) => {
        field.sub(f, sums[n], sums[n], of(xs!, n)); field.sub(f, sums[n], sums[n], of(doubles ? xs! : qx!, n))
        f.call(field.reduce, sums[n], sums[n])
        field.sub(f, rests[n], of(xs!, n), sums[n])
      })
      each((n) => f.call(field.mul, rests[n], rests[n], lambdas[n]))
      each((n) => {
        field.sub(f, rests[n], rests[n], of(ys!, n))
        f.call(field.reduce, of(ys!, n), rests[n])
        field.copy(f, of(xs!, n), sums[n])
      })
    })
  }, false)
  const double = step(true), add = step(false)
  const beta = field.constantPair(BETA)

  return m.func('g1_scale', Array<'i32'>(5).fill('i32'), [], (f, points, count, steps, stepCount, workspace) => {
    const size = f.local('i32', i32.mul(count!, PAIR / 2)), column = (k: number) => (k === 0 ? i32.of(workspace!) : i32.add(workspace!, i32.mul(size, k)))
    const [xs, ys, twiceX, twiceY, work, table] = [column(0), column(1), column(2), column(3), f.local('i32', column(4)), f.local('i32', column(6))]
    const entry = f.local('i32'), x = f.local('i32'), y = f.local('i32'), turned = f.local('i32')
    const points2 = f.local('i32', points!), k = f.local('i32', i32.of(0))
    f.while(() => i32.ltU(k, size), () => {
      field.gather(f, i32.add(table, k), points2, i32.add(points2, 2 * ELEMENT))
      field.gather(f, i32.add(i32.add(table, size), k), i32.add(points2, ELEMENT), i32.add(points2, 3 * ELEMENT))
      f.step(points2, 4 * ELEMENT)
      f.step(k, PAIR)
    })
    f.copy(twiceX, table, i32.shl(size, 1))
    f.call(double, twiceX, twiceY, twiceX, twiceY, 0, size, work)
    f.set(entry, i32.of(table))
    f.for(0, ODD, 1, (j) => {
      f.set(x, i32.add(entry, i32.mul(size, 3)))
      f.if(i32.ltU(i32.add(j, 1), ODD), () => {
        f.copy(x, entry, i32.shl(size, 1))
        f.call(add, x, i32.add(x, size), twiceX, twiceY, 0, size, work)
      })
      f.set(turned, i32.add(entry, i32.shl(size, 1)))
      f.for(0, size, PAIR, (n) => {
        f.call(field.mul, i32.add(turned, n), i32.add(entry, n), beta)
        f.call(field.reduce, i32.add(turned, n), i32.add(turned, n))
      })
      f.set(entry, i32.of(x))
    })

    const code = f.local('i32')
    f.for(0, stepCount!, 1, (n) => {
      f.set(code, i32.load8u(i32.add(steps!, n)))
      f.if(i32.eq(code, DOUBLE), () => f.call(double, xs, ys, xs, ys, 0, size, work), () => {
        f.set(entry, i32.add(table, i32.mul(i32.mul(size, 3), i32.and(code, ODD - 1))))
        f.set(y, i32.add(entry, size))
        f.set(x, i32.select(i32.add(y, size), entry, i32.and(code, TURNED)))
        f.if(n, () => f.call(add, xs, ys, x, y, i32.and(code, NEGATED), size, work), () => {
          f.copy(xs, x, size)
          f.copy(ys, y, size)
          f.if(i32.and(code, NEGATED), () => f.for(0, size, PAIR, (at) => field.neg(f, i32.add(ys, at), i32.add(ys, at))))
        })
      })
    })
    f.set(points2, i32.of(points!))
    f.set(k, i32.of(0))
    f.while(() => i32.ltU(k, size), () => {
      for (const lane of [0, 1] as const) {
        field.scatter(f, i32.add(xs, k), lane, i32.add(points2, 2 * ELEMENT * lane))
        field.scatter(f, i32.add(ys, k), lane, i32.add(points2, 2 * ELEMENT * lane + ELEMENT))
      }
      f.step(points2, 4 * ELEMENT)
      f.step(k, PAIR)
    })
  })
}

/** `g1_check(points, count, result)`: adds to the 32-bit result how many are off y² = x³ + 3, infinity included. */
export function buildCheck(m: Module, field: Field): Func {
  const [x, y, t] = [m.frame(PAIR), m.frame(PAIR), m.frame(PAIR)]
  const three = field.constantPair(3n)
  return m.func('g1_check', ['i32', 'i32', 'i32'], [], (f, points, count, result) => {
    f.for(points!, i32.add(points!, i32.mul(count!, 2 * ELEMENT)), 2 * ELEMENT, (point) => {
      field.gather(f, x, point, point)
      field.gather(f, y, i32.add(point, ELEMENT), i32.add(point, ELEMENT))
      f.call(field.sqr, t, x); f.call(field.reduce, t, t)
      f.call(field.mul, t, t, x)
      f.call(field.sqr, y, y)
      field.sub(f, t, y, t); field.sub(f, t, t, three)
      f.call(field.reduce, t, t)
      f.if(i32.eqz(call(field.zeros, t)), () => f.store32(result!, 0, i32.add(i32.load(result!), 1)))
    })
  })
}
