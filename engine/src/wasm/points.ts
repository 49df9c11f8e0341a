// Points on their way into the pairing: read, checked against their curves, and put into the shapes the Miller loops take.
//
// *Side by side* means two points of G1 in the two lanes of pairs: x, y (and z). A proof is read as its A and C side by
// side, then B: pairs A.x|C.x, A.y|C.y, B.x, B.y.

import { ELEMENT, PAIR } from './field.ts'
import { call, i32, type Body, type Func, type I32 } from './emit.ts'
import { XI, fp2, type Tower } from './tower.ts'

/** Bytes of a proof that was read. */
export const PROOF = 4 * PAIR
export const OFF_CURVE = { a: 1, c: 2, b: 4 } as const

export interface Points {
  /** dst, source, count: `count` pairs of integers of 32 bytes → Montgomery form. */
  readonly importPairs: Func
  /** x, y side by side → mask of the lanes that are off y² = x³ + 3, infinity as (0, 0) included. */
  readonly offCurve: Func
  /** q = x, y → 1 where off y² = x³ + 3/ξ. */
  readonly offTwist: Func
  /** proof, source: 4 pairs of integers → mask of `OFF_CURVE`. */
  readonly importProof: Func
  /** first, second, p: the Jacobian points of p, side by side, as two fixed pairs; a point at infinity gives lines of value 1. */
  readonly toFixed: Func
  /** dst, proofs, count, lane: the A (lane 0) or C (lane 1) of the proofs, two by two side by side. */
  readonly gatherPoints: Func
  /** dst, p, q: lane 0 of the Jacobian p beside lane 1 of q. */
  readonly sideBySide: Func
  /** dst, p: the affine p with z = 1. */
  readonly toJacobian: Func
  /** first, second, p: −P of the affine points of p as two fixed pairs. */
  readonly toNegatedFixed: Func
  /** fresh, p, lane, q: the pair (−P, Q), P in that lane of the affine p. */
  readonly toFresh: Func
}

export function buildPoints(t: Tower, fromPlain: number, invertPair: Func): Points {
  const { field, complex } = t
  const { m, p } = field
  const pointers = (n: number) => Array<'i32'>(n).fill('i32')
  const temp = () => m.frame(PAIR)
  const at = (base: I32, k: number) => (k === 0 ? base : i32.add(base, k * PAIR))

  const first = m.frame(ELEMENT), second = m.frame(ELEMENT)
  const importPairs = m.func('importPairs', pointers(3), [], (f, dst, source, count) => {
    f.for(0, count!, 1, (k) => {
      const to = f.local('i32', i32.add(dst!, i32.mul(k, PAIR))), from = f.local('i32', i32.add(source!, i32.shl(k, 6)))
      f.call(field.unpack, first, from)
      f.call(field.unpack, second, i32.add(from, 32))
      field.gather(f, to, first, second)
      f.call(field.mul, to, to, fromPlain)
      f.call(field.reduce, to, to)
    })
  })

  const b1 = field.constantPair(3n)
  const b2 = t.constant(((inverse) => [3n * inverse[0] % p, 3n * inverse[1] % p] as const)(fp2(p).invert(XI)))
  const [u, v] = [temp(), temp()]
  const equation = (f: Body, mul: Func, x: I32, y: I32, b: number) => {
    f.call(mul, u, x, x); f.call(field.reduce, u, u)
    f.call(mul, u, u, x)
    f.call(mul, v, y, y)
    field.sub(f, u, v, u); field.sub(f, u, u, b)
    f.call(field.reduce, u, u)
  }
  const offCurve = m.func('offCurve', pointers(2), ['i32'], (f, x, y) => {
    equation(f, field.mul, x!, y!, b1)
    f.result(i32.sub(3, call(field.zeros, u)))
  })
  const offTwist = m.func('offTwist', pointers(1), ['i32'], (f, q) => {
    equation(f, complex.mul, q!, at(q!, 1), b2)
    f.result(i32.ne(call(field.zeros, u), 3))
  })
  const importProof = m.func('importProof', pointers(2), ['i32'], (f, proof, source) => {
    f.call(importPairs, proof!, source!, 4)
    f.result(i32.or(call(offCurve, proof!, at(proof!, 1)), i32.shl(call(offTwist, at(proof!, 2)), 2)))
  })

  const element = m.frame(ELEMENT)
  const broadcast = (f: Body, dst: I32, pair: I32, lane: I32) => {
    field.getLane(f, element, pair, lane)
    field.gather(f, dst, element, element)
  }
  const inverse = temp(), negated = m.frame(3 * PAIR)
  const toFixed = m.func('toFixed', pointers(3), [], (f, to0, to1, point) => {
    const [x, y, z] = [i32.of(point!), at(point!, 1), at(point!, 2)]
    // x/y = XZ/Y, 1/y = Z³/Y
    f.call(invertPair, inverse, y)
    f.call(field.mul, v, z, inverse); f.call(field.reduce, v, v)
    f.call(field.mul, u, x, v); f.call(field.reduce, u, u)
    f.call(field.mul, v, v, z); f.call(field.mul, v, v, z); f.call(field.reduce, v, v)
    for (const [to, lane] of [[to0!, 0], [to1!, 1]] as const) {
      broadcast(f, to, u, lane)
      broadcast(f, at(to, 1), v, lane)
    }
  })
  const toNegatedFixed = m.func('toNegatedFixed', pointers(3), [], (f, to0, to1, point) => {
    field.copy(f, negated, point!)
    field.neg(f, at(negated, 1), at(point!, 1))
    field.copy(f, at(negated, 2), field.one)
    f.call(toFixed, to0!, to1!, negated)
  })
  const toFresh = m.func('toFresh', pointers(4), [], (f, to, point, lane, q) => {
    broadcast(f, to!, point!, lane!)
    broadcast(f, at(to!, 1), at(point!, 1), lane!)
    field.neg(f, at(to!, 1), at(to!, 1))
    field.copy(f, at(to!, 2), q!)
    field.copy(f, at(to!, 3), at(q!, 1))
  })
  const gatherPoints = m.func('gatherPoints', pointers(4), [], (f, to, proofs, count, lane) => {
    const place = f.local('i32', to!), other = f.local('i32')
    const end = f.local('i32', i32.add(proofs!, i32.mul(count!, PROOF)))
    f.for(proofs!, end, 2 * PROOF, (proof) => {
      // Of an odd count, the last stands beside itself.
      f.set(other, i32.select(i32.add(proof, PROOF), proof, i32.ltU(i32.add(proof, PROOF), end)))
      for (const k of [0, 1]) {
        field.getLane(f, first, at(proof, k), lane!)
        field.getLane(f, second, at(other, k), lane!)
        field.gather(f, at(place, k), first, second)
      }
      f.step(place, 2 * PAIR)
    })
  })
  const sideBySide = m.func('sideBySide', pointers(3), [], (f, to, p0, p1) => {
    for (const k of [0, 1, 2]) {
      field.getLane(f, element, at(p1!, k), 1)
      field.copy(f, at(to!, k), at(p0!, k))
      field.setLane(f, at(to!, k), 1, element)
    }
  })
  const toJacobian = m.func('toJacobian', pointers(2), [], (f, to, point) => {
    field.copy(f, to!, point!)
    field.copy(f, at(to!, 1), at(point!, 1))
    field.copy(f, at(to!, 2), field.one)
  })
  return { gatherPoints, sideBySide, toJacobian, importPairs, offCurve, offTwist, importProof, toFixed, toNegatedFixed, toFresh }
}

