// Many points of G1 times one scalar (contributions): since the scalar is the same, so are its digits, and all points take
// each doubling and each addition in step, affine, with shared inversions (Montgomery's trick). The scalar is u + v·λ, both in
// non-adjacent form of width 5 (setup/scalar.ts), the odd multiples 1 … 15 of each point and of λ times it tabled.
//
// Exceptional cases (adding equal or opposite points) depend on the scalar alone, as the points have order r; who makes the
// digits looks for them there.

import { call, i32, type Func, type Module } from './emit.ts'
import { ELEMENT, PAIR, type Field } from './field.ts'
import type { InStep } from './in-step.ts'
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
export function buildScale(m: Module, field: Field, { double, add }: InStep): Func {
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
