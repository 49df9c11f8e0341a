// The coordinate fields of the two curves behind one interface: Fp for G1, Fp2 = Fp[i]/(i² + 1) for G2.
//
// An Fp2 pair is two Fp pairs, real part first; an element likewise. A product in Fp2 is two sums of two products,
// each reduced once (`dot`): the same count of limb products as Karatsuba's three, and no growth from its additions.

import { ELEMENT, PAIR, type Field } from './field.ts'
import { call, i32, type Body, type Func, type I32, type Val } from './emit.ts'
import { buildInvert } from './inverse.ts'

export interface Coordinates {
  readonly name: string
  /** Bytes of a pair and of an element. */
  readonly pair: number
  readonly element: number
  readonly one: number
  readonly zero: number
  readonly mul: Func
  readonly sqr: Func
  readonly reduce: Func
  /** Mask of zero lanes of a reduced pair. */
  readonly zeros: Func
  readonly invert: Func
  add(f: Body, dst: I32, a: I32, b: I32): void
  sub(f: Body, dst: I32, a: I32, b: I32): void
  neg(f: Body, dst: I32, a: I32): void
  copy(f: Body, dst: I32, a: I32): void
  gather(f: Body, dst: I32, a: I32, b: I32): void
  gatherSigned(f: Body, dst: I32, a: I32, b: I32, signA: Val<'i32'>, signB: Val<'i32'>): void
  scatter(f: Body, pair: I32, lane: 0 | 1, to: I32): void
  setLane(f: Body, pair: I32, lane: I32, element: I32): void
  getLane(f: Body, element: I32, pair: I32, lane: I32): void
}

export function primeCoordinates(field: Field): Coordinates {
  return {
    name: 'g1', pair: PAIR, element: ELEMENT, one: field.one, zero: field.zero,
    mul: field.mul, sqr: field.sqr, reduce: field.reduce, zeros: field.zeros, invert: buildInvert(field),
    add: field.add.bind(field), sub: field.sub.bind(field), neg: field.neg.bind(field), copy: field.copy.bind(field),
    gather: field.gather.bind(field), gatherSigned: field.gatherSigned.bind(field), scatter: field.scatter.bind(field),
    setLane: field.setLane.bind(field), getLane: field.getLane.bind(field),
  }
}

export function quadraticCoordinates(field: Field, prime: Coordinates): Coordinates {
  const { m } = field
  const frame = m.frame(4 * PAIR)
  const t0 = frame, t1 = i32.add(frame, PAIR)
  const im = (a: I32) => i32.add(a, PAIR)
  const imE = (a: I32) => i32.add(a, ELEMENT)
  const both = (bytes: () => Uint8Array[]) => m.constant(Uint8Array.from(bytes().flatMap((b) => [...b])))

  const mul = m.func('fp2_mul', ['i32', 'i32', 'i32'], [], (f, dst, a, b) => {
    f.call(field.dotSub, t0, a!, b!, im(a!), im(b!))
    f.call(field.dot, im(dst!), a!, im(b!), im(a!), b!)
    field.copy(f, dst!, t0)
  })
  const sqr = m.func('fp2_sqr', ['i32', 'i32'], [], (f, dst, a) => {
    f.call(field.dotSub, t0, a!, a!, im(a!), im(a!))
    f.call(field.mul, t1, a!, im(a!))
    field.double(f, t1, t1)
    f.call(field.reduce, im(dst!), t1) // a factor of 2 in front would make 8 units of two sums
    field.copy(f, dst!, t0)
  })
  const reduce = m.func('fp2_reduce', ['i32', 'i32'], [], (f, dst, a) => {
    f.call(field.reduce, dst!, a!)
    f.call(field.reduce, im(dst!), im(a!))
  })
  const zeros = m.func('fp2_zeros', ['i32'], ['i32'], (f, a) => f.result(i32.and(call(field.zeros, a!), call(field.zeros, im(a!)))))
  const norm = m.frame(PAIR)
  const invert = m.func('fp2_invert', ['i32', 'i32'], [], (f, dst, a) => {
    f.call(field.dot, norm, a!, a!, im(a!), im(a!))
    f.call(prime.invert, norm, norm)
    f.call(field.mul, dst!, a!, norm)
    f.call(field.mul, im(dst!), im(a!), norm)
    field.neg(f, im(dst!), im(dst!))
  })
  const one = field.encode(field.mont(1n), field.mont(1n)), zero = field.encode(0n, 0n)
  return {
    name: 'g2', pair: 2 * PAIR, element: 2 * ELEMENT, one: both(() => [one, zero]), zero: both(() => [zero, zero]),
    mul, sqr, reduce, zeros, invert,
    add(f, dst, a, b) { field.add(f, dst, a, b); field.add(f, im(dst), im(a), im(b)) },
    sub(f, dst, a, b) { field.sub(f, dst, a, b); field.sub(f, im(dst), im(a), im(b)) },
    neg(f, dst, a) { field.neg(f, dst, a); field.neg(f, im(dst), im(a)) },
    copy(f, dst, a) { field.copy(f, dst, a); field.copy(f, im(dst), im(a)) },
    gather(f, dst, a, b) { field.gather(f, dst, a, b); field.gather(f, im(dst), imE(a), imE(b)) },
    gatherSigned(f, dst, a, b, sa, sb) { field.gatherSigned(f, dst, a, b, sa, sb); field.gatherSigned(f, im(dst), imE(a), imE(b), sa, sb) },
    scatter(f, pair, lane, to) { field.scatter(f, pair, lane, to); field.scatter(f, im(pair), lane, imE(to)) },
    setLane(f, pair, lane, element) { field.setLane(f, pair, lane, element); field.setLane(f, im(pair), lane, imE(element)) },
    getLane(f, element, pair, lane) { field.getLane(f, element, pair, lane); field.getLane(f, imE(element), im(pair), lane) },
  }
}
