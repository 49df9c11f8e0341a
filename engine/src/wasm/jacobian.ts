// Jacobian points (X : Y : Z), x = X/Z², y = Y/Z³, infinity where Z = 0; two points per pair, lane by lane.
// Formulas dbl-2009-l and madd-2007-bl's ancestor for a = 0 (Explicit-Formulas Database); every exceptional case handled.

import type { Coordinates } from './coordinates.ts'
import { call, i32, type Body, type Func, type I32, type Module, type Val } from './emit.ts'

export interface Jacobian {
  /** dst, p → dst = 2p. */
  readonly double: Func
  /** dst, p, q → dst = p + q, q an affine pair (x, y), infinity where y = 0. */
  readonly addAffine: Func
  /** dst, p: affine (x, y) of p, (0, 0) for infinity. Both lanes the same point, or neither at infinity. */
  readonly toAffine: Func
  /** Sets a point to infinity in both lanes, inline. */
  infinity(f: Body, dst: I32): void
}

export function buildJacobian(m: Module, c: Coordinates): Jacobian {
  const size = c.pair
  const x = (p: I32) => i32.of(p), y = (p: I32) => i32.add(p, size), z = (p: I32) => i32.add(p, 2 * size)
  const temp = () => m.frame(size)
  const point = () => m.frame(3 * size)
  const reduced = (f: Body, at: I32) => f.call(c.reduce, at, at)

  const [a, b, d, e, t] = [temp(), temp(), temp(), temp(), temp()]
  const double = m.func(`${c.name}_double`, ['i32', 'i32'], [], (f, dst, p) => {
    f.call(c.sqr, a, x(p!))
    f.call(c.sqr, b, y(p!))
    c.add(f, t, x(p!), b); reduced(f, t)
    f.call(c.sqr, d, t)
    c.sub(f, d, d, a)
    f.call(c.sqr, t, b) // C
    c.sub(f, d, d, t); reduced(f, d)
    c.add(f, d, d, d); reduced(f, d)
    c.add(f, e, a, a); c.add(f, e, e, a); reduced(f, e)
    f.call(c.mul, z(dst!), y(p!), z(p!))
    c.add(f, z(dst!), z(dst!), z(dst!)); reduced(f, z(dst!))
    f.call(c.sqr, a, e)
    c.sub(f, a, a, d); c.sub(f, x(dst!), a, d); reduced(f, x(dst!))
    c.sub(f, d, d, x(dst!))
    f.call(c.mul, e, e, d)
    reduced(f, t)
    c.add(f, t, t, t); c.add(f, t, t, t); reduced(f, t)
    c.sub(f, e, e, t); c.sub(f, y(dst!), e, t); reduced(f, y(dst!))
  })

  const [u2, s2, h, r, hh, hhh, v, w] = [temp(), temp(), temp(), temp(), temp(), temp(), temp(), temp()]
  const sum = point(), twice = point(), element = temp()
  const addAffine = m.func(`${c.name}_addAffine`, ['i32', 'i32', 'i32'], [], (f, dst, p, q) => {
    f.call(c.sqr, u2, z(p!))
    f.call(c.mul, s2, u2, z(p!))
    f.call(c.mul, s2, s2, y(q!))
    f.call(c.mul, u2, u2, x(q!))
    c.sub(f, h, u2, x(p!)); reduced(f, h)
    c.sub(f, r, s2, y(p!)); reduced(f, r)
    f.call(c.sqr, hh, h)
    f.call(c.mul, hhh, hh, h)
    f.call(c.mul, v, x(p!), hh)
    f.call(c.sqr, w, r)
    c.sub(f, w, w, hhh); reduced(f, w)
    c.sub(f, w, w, v); c.sub(f, x(sum), w, v); reduced(f, x(sum))
    c.sub(f, v, v, x(sum))
    f.call(c.mul, v, v, r)
    f.call(c.mul, w, y(p!), hhh)
    c.sub(f, y(sum), v, w); reduced(f, y(sum))
    f.call(c.mul, z(sum), z(p!), h); reduced(f, z(sum))

    f.call(c.reduce, u2, z(p!)) // zero tests want reduced pairs
    f.call(c.reduce, s2, y(q!))
    const start = f.local('i32', call(c.zeros, u2)), nothing = f.local('i32', call(c.zeros, s2))
    const same = f.local('i32', i32.and(call(c.zeros, h), call(c.zeros, r)))
    f.if(i32.or(i32.or(start, nothing), same), () => {
      f.call(double, twice, p!)
      f.for(0, 2, 1, (lane) => {
        const bit = (mask: Val<'i32'>) => i32.and(i32.shrU(mask, lane), 1)
        const take = (from: Val<'i32'>[]) => from.forEach((coordinate, k) => {
          c.getLane(f, element, coordinate, lane)
          c.setLane(f, i32.add(sum, k * size), lane, element)
        })
        const coordinates = (at: Val<'i32'>) => [0, 1, 2].map((k) => i32.add(at, k * size))
        f.if(bit(nothing), () => take(coordinates(i32.of(p!))), () => {
          f.if(bit(start), () => take([i32.of(q!), y(q!), i32.of(c.one)]), () => {
            f.if(bit(same), () => take(coordinates(twice)))
          })
        })
      })
    })
    for (const k of [0, size, 2 * size]) c.copy(f, i32.add(dst!, k), i32.add(sum, k))
  })

  const inverse = temp(), square = temp()
  const toAffine = m.func(`${c.name}_toAffine`, ['i32', 'i32'], [], (f, dst, p) => {
    f.call(c.invert, inverse, z(p!))
    f.call(c.sqr, square, inverse)
    f.call(c.mul, inverse, inverse, square)
    f.call(c.mul, x(dst!), x(p!), square); reduced(f, x(dst!))
    f.call(c.mul, y(dst!), y(p!), inverse); reduced(f, y(dst!))
  })

  return {
    double, addAffine, toAffine,
    infinity(f, dst) { c.copy(f, x(dst), c.one); c.copy(f, y(dst), c.one); c.copy(f, z(dst), c.zero) },
  }
}
