// The optimal ate pairing's arithmetic (F. Vercauteren, "Optimal pairings", 2008): Fp6 = Fp2[v]/(v³ − ξ), ξ = 9 + i,
// Fp12 = Fp6[w]/(w² − v); lines through points of the twist y² = x³ + 3/ξ in homogeneous coordinates (C. Costello,
// T. Lange, M. Naehrig, "Faster pairing computations on curves with high-degree twists", 2010). verify.ts drives it.
//
// Everything here takes and answers reduced pairs, so sums of two may be multiplied. An Fp12 pair is six Fp2 pairs:
// coefficients of w^0, w^2, w^4, then of w^1, w^3, w^5.

import { PAIR, inverse, mod, type Field } from './field.ts'
import { call, i32, type Body, type I32, type Module, type Val } from './emit.ts'
import type { Coordinates } from './coordinates.ts'

export type Complex = readonly [bigint, bigint]
export const PAIR2 = 2 * PAIR
export const PAIR12 = 12 * PAIR
/** The w-power of the k-th coefficient. */
const POWERS = [0, 2, 4, 1, 3, 5]
export const XI: Complex = [9n, 1n]

export function complexOver(p: bigint) {
  const mul = (a: Complex, b: Complex): Complex => [mod(a[0] * b[0] - a[1] * b[1], p), mod(a[0] * b[1] + a[1] * b[0], p)]
  return {
    mul,
    inverse(a: Complex): Complex { const n = inverse(a[0] * a[0] + a[1] * a[1], p); return [mod(a[0] * n, p), mod(-a[1] * n, p)] },
    power(a: Complex, e: bigint): Complex {
      let result: Complex = [1n, 0n]
      for (; e > 0n; e >>= 1n, a = mul(a, a)) if (e & 1n) result = mul(result, a)
      return result
    },
  }
}

export function buildPairing(m: Module, fp: Field, g1: Coordinates, g2: Coordinates): void {
  const complex = complexOver(fp.p)
  const pointers = (n: number) => Array<'i32'>(n).fill('i32')
  const constant = ([re, im]: Complex) => m.constant([...fp.encode(fp.mont(re), fp.mont(re)), ...fp.encode(fp.mont(im), fp.mont(im))])
  const temp2 = () => m.frame(PAIR2)
  const at = (base: I32, k: number) => i32.add(base, k * PAIR2)

  // Fp2, reducing
  const mul = (f: Body, dst: I32, a: I32, b: I32) => { f.call(g2.mul, dst, a, b); f.call(g2.reduce, dst, dst) }
  const sqr = (f: Body, dst: I32, a: I32) => { f.call(g2.sqr, dst, a); f.call(g2.reduce, dst, dst) }
  const add = (f: Body, dst: I32, a: I32, b: I32) => { g2.add(f, dst, a, b); f.call(g2.reduce, dst, dst) }
  const sub = (f: Body, dst: I32, a: I32, b: I32) => { g2.sub(f, dst, a, b); f.call(g2.reduce, dst, dst) }
  const sum = (f: Body, dst: I32, a: I32, b: I32) => g2.add(f, dst, a, b) // for a factor: 2 units
  const scale = (f: Body, dst: I32, a: I32, by: I32) => {
    f.call(fp.mul, dst, a, by); f.call(fp.mul, i32.add(dst, PAIR), i32.add(a, PAIR), by)
    f.call(g2.reduce, dst, dst)
  }
  const conjugate = (f: Body, dst: I32, a: I32) => { fp.copy(f, dst, a); fp.neg(f, i32.add(dst, PAIR), i32.add(a, PAIR)) }

  const x4 = temp2(), x9 = temp2()
  /** dst = (9 + i)·a */
  const xi = m.func('fp2_xi', pointers(2), [], (f, dst, a) => {
    g2.add(f, x4, a!, a!); g2.add(f, x4, x4, x4); f.call(g2.reduce, x4, x4)
    g2.add(f, x9, x4, x4); g2.add(f, x9, x9, a!)
    fp.sub(f, x9, x9, i32.add(a!, PAIR))
    fp.add(f, i32.add(x9, PAIR), i32.add(x9, PAIR), a!)
    f.call(g2.reduce, dst!, x9)
  }, false)
  const xiTimes = (f: Body, dst: I32, a: I32) => f.call(xi, dst, a)

  // Fp6
  const each6 = (f: Body, op: (f: Body, dst: I32, a: I32, b: I32) => void, dst: I32, a: I32, b: I32) => { for (let k = 0; k < 3; k++) op(f, at(dst, k), at(a, k), at(b, k)) }
  const temp6 = () => m.frame(3 * PAIR2)
  const temp12 = () => m.frame(PAIR12)
  /** dst = v·a; dst and a differ. */
  const timesV = (f: Body, dst: I32, a: I32) => { xiTimes(f, dst, at(a, 2)); g2.copy(f, at(dst, 1), a); g2.copy(f, at(dst, 2), at(a, 1)) }
  const [t0, t1, t2, u, w, r0, r1, r2] = [temp2(), temp2(), temp2(), temp2(), temp2(), temp2(), temp2(), temp2()]
  const mul6 = m.func('fp6_mul', pointers(3), [], (f, dst, a, b) => {
    mul(f, t0, a!, b!); mul(f, t1, at(a!, 1), at(b!, 1)); mul(f, t2, at(a!, 2), at(b!, 2))
    const cross = (out: I32, i: number, j: number, ti: I32, tj: I32) => {
      sum(f, u, at(a!, i), at(a!, j)); sum(f, w, at(b!, i), at(b!, j))
      f.call(g2.mul, u, u, w); g2.sub(f, u, u, ti); sub(f, out, u, tj)
    }
    cross(r0, 1, 2, t1, t2); xiTimes(f, r0, r0)
    cross(r1, 0, 1, t0, t1)
    cross(r2, 0, 2, t0, t2)
    add(f, at(dst!, 0), r0, t0)
    xiTimes(f, u, t2); add(f, at(dst!, 1), r1, u)
    add(f, at(dst!, 2), r2, t1)
  }, false)
  /** dst = a·(b0 + b1·v) */
  const mul6Sparse = m.func('fp6_mulSparse', pointers(4), [], (f, dst, a, b0, b1) => {
    mul(f, t0, a!, b0!); mul(f, t1, at(a!, 1), b1!)
    sum(f, u, at(a!, 1), at(a!, 2)); f.call(g2.mul, r0, u, b1!); sub(f, r0, r0, t1); xiTimes(f, r0, r0)
    sum(f, u, at(a!, 0), at(a!, 1)); sum(f, w, b0!, b1!); f.call(g2.mul, r1, u, w); g2.sub(f, r1, r1, t0); sub(f, r1, r1, t1)
    sum(f, u, at(a!, 0), at(a!, 2)); f.call(g2.mul, r2, u, b0!); sub(f, r2, r2, t0)
    add(f, at(dst!, 0), r0, t0); g2.copy(f, at(dst!, 1), r1); add(f, at(dst!, 2), r2, t1)
  }, false)

  // Fp12
  const high = (a: I32) => at(a, 3)
  const [aa, bb, sa, sb, cc] = [temp6(), temp6(), temp6(), temp6(), temp6()]
  m.func('fp12_mul', pointers(3), [], (f, dst, a, b) => {
    f.call(mul6, aa, a!, b!); f.call(mul6, bb, high(a!), high(b!))
    each6(f, add, sa, a!, high(a!)); each6(f, add, sb, b!, high(b!))
    f.call(mul6, sa, sa, sb)
    each6(f, g2.sub, sa, sa, aa); each6(f, sub, high(dst!), sa, bb)
    timesV(f, cc, bb); each6(f, add, dst!, aa, cc)
  })
  m.func('fp12_sqr', pointers(2), [], (f, dst, a) => {
    f.call(mul6, bb, a!, high(a!))
    timesV(f, cc, high(a!))
    each6(f, add, sb, a!, cc); each6(f, add, sa, a!, high(a!))
    f.call(mul6, aa, sa, sb)
    timesV(f, cc, bb)
    each6(f, g2.sub, aa, aa, bb); each6(f, sub, dst!, aa, cc)
    each6(f, add, high(dst!), bb, bb)
  })
  m.func('fp12_conjugate', pointers(2), [], (f, dst, a) => {
    for (let k = 0; k < 3; k++) { g2.copy(f, at(dst!, k), at(a!, k)); g2.neg(f, at(high(dst!), k), at(high(a!), k)) }
  })
  m.func('fp12_swap', pointers(2), [], (f, dst, a) => { for (let k = 0; k < 12; k++) fp.swap(f, i32.add(dst!, k * PAIR), i32.add(a!, k * PAIR)) })
  /** Mask of lanes equal to 1. */
  const oneLess = temp2()
  m.func('fp12_isOne', pointers(1), ['i32'], (f, a) => {
    sub(f, oneLess, a!, g2.one)
    const mask = f.local('i32', call(g2.zeros, oneLess))
    for (let k = 1; k < 6; k++) {
      f.call(g2.reduce, oneLess, at(a!, k))
      f.set(mask, i32.and(mask, call(g2.zeros, oneLess)))
    }
    f.result(mask)
  })

  const n = Array.from({ length: 8 }, temp2) as unknown as [Val<'i32'>, Val<'i32'>, Val<'i32'>, Val<'i32'>, Val<'i32'>, Val<'i32'>, Val<'i32'>, Val<'i32'>]
  const norm = temp6(), inv6 = temp6()
  /** (c0 − c1·w)/(c0² − v·c1²), and in Fp6 the adjugate over the norm. Both lanes must be invertible. */
  m.func('fp12_invert', pointers(2), [], (f, dst, a) => {
    f.call(mul6, aa, a!, a!); f.call(mul6, bb, high(a!), high(a!))
    timesV(f, cc, bb); each6(f, sub, norm, aa, cc)
    const [a0, a1, a2] = [norm, at(norm, 1), at(norm, 2)]
    sqr(f, n[0], a0); mul(f, n[1], a1, a2); xiTimes(f, n[1], n[1]); sub(f, n[0], n[0], n[1])
    sqr(f, n[1], a2); xiTimes(f, n[1], n[1]); mul(f, n[2], a0, a1); sub(f, n[1], n[1], n[2])
    sqr(f, n[2], a1); mul(f, n[3], a0, a2); sub(f, n[2], n[2], n[3])
    mul(f, n[3], a2, n[1]); mul(f, n[4], a1, n[2]); add(f, n[3], n[3], n[4]); xiTimes(f, n[3], n[3])
    mul(f, n[4], a0, n[0]); add(f, n[3], n[3], n[4])
    f.call(g2.invert, n[3], n[3]); f.call(g2.reduce, n[3], n[3])
    for (let k = 0; k < 3; k++) mul(f, at(inv6, k), n[k as 0 | 1 | 2], n[3])
    f.call(mul6, sa, a!, inv6)
    f.call(mul6, sb, high(a!), inv6)
    for (let k = 0; k < 3; k++) { g2.copy(f, at(dst!, k), at(sa, k)); g2.neg(f, at(high(dst!), k), at(sb, k)) }
  })

  /** Squaring in the cyclotomic subgroup (R. Granger, M. Scott, PKC 2010). */
  m.func('fp12_sqrCyclotomic', pointers(2), [], (f, dst, a) => {
    const half = (x: number, y: number, square: I32, cross: I32) => { // ξ·x² + y², and 2xy
      sqr(f, n[6], at(a!, x)); sqr(f, n[7], at(a!, y))
      sum(f, u, at(a!, x), at(a!, y)); f.call(g2.sqr, u, u); g2.sub(f, u, u, n[6]); sub(f, cross, u, n[7])
      xiTimes(f, n[6], n[6]); add(f, square, n[6], n[7])
    }
    half(4, 0, n[0], n[1])
    half(2, 3, n[2], n[3])
    half(5, 1, n[4], n[5])
    xiTimes(f, n[5], n[5])
    /** dst = 3x ± 2a */
    const combine = (k: number, x: I32, op: typeof sub) => {
      op(f, u, x, at(a!, k))
      g2.add(f, u, u, u)
      add(f, at(dst!, k), u, x)
    }
    combine(0, n[0], sub); combine(1, n[2], sub); combine(2, n[4], sub)
    combine(3, n[5], add); combine(4, n[1], add); combine(5, n[3], add)
  })

  const frobenius = [1, 2, 3].map((power) => POWERS.map((k) => constant(complex.power(XI, (BigInt(k) * (fp.p ** BigInt(power) - 1n)) / 6n))))
  frobenius.forEach((coefficients, i) => m.func(`fp12_frobenius${i + 1}`, pointers(2), [], (f, dst, a) => {
    coefficients.forEach((c, k) => {
      if (i === 1) g2.copy(f, u, at(a!, k))
      else conjugate(f, u, at(a!, k))
      mul(f, at(dst!, k), u, c)
    })
  }))

  // The twist. A point: x, y, z (Fp2); an affine one: x, y. A line: factors of y_P, of x_P·w, and of w³.
  const twist = complex.mul([3n, 0n], complex.inverse(XI))
  const twistB = constant(twist), half = constant([inverse(2n, fp.p), 0n])
  const s = Array.from({ length: 10 }, temp2) as unknown as Val<'i32'>[] & [Val<'i32'>, Val<'i32'>, Val<'i32'>, Val<'i32'>, Val<'i32'>, Val<'i32'>, Val<'i32'>, Val<'i32'>, Val<'i32'>, Val<'i32'>]
  const triple = (f: Body, dst: I32, a: I32) => { g2.add(f, u, a, a); add(f, dst, u, a) }
  m.func('twist_double', pointers(2), [], (f, point, line) => {
    const [x, y, z] = [i32.of(point!), at(point!, 1), at(point!, 2)]
    const [A, B, C, E, F, G, H, J] = [s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]]
    mul(f, A, x, y); scale(f, A, A, half)
    sqr(f, B, y); sqr(f, C, z)
    triple(f, E, C); mul(f, E, E, twistB)
    triple(f, F, E)
    add(f, G, B, F); scale(f, G, G, half)
    sum(f, H, y, z); f.call(g2.sqr, H, H); g2.sub(f, H, H, B); sub(f, H, H, C)
    sqr(f, J, x)
    g2.neg(f, at(line!, 0), H); triple(f, at(line!, 1), J); sub(f, at(line!, 2), E, B)
    sub(f, u, B, F); mul(f, x, u, A)
    sqr(f, G, G); sqr(f, E, E); triple(f, E, E); sub(f, y, G, E)
    mul(f, z, B, H)
  })
  /** point += q, q affine. Where that is exceptional, z becomes 0 and stays so. */
  m.func('twist_add', pointers(3), [], (f, point, q, line) => {
    const [x, y, z] = [i32.of(point!), at(point!, 1), at(point!, 2)]
    const [O, L, C, D, E, F, G, H, T] = [s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[8]]
    mul(f, O, at(q!, 1), z); sub(f, O, y, O)
    mul(f, L, q!, z); sub(f, L, x, L)
    sqr(f, C, O); sqr(f, D, L); mul(f, E, L, D); mul(f, F, z, C); mul(f, G, x, D)
    g2.sub(f, H, F, G); sub(f, H, H, G); add(f, H, H, E)
    mul(f, T, y, E)
    mul(f, x, L, H)
    sub(f, G, G, H); mul(f, G, G, O); sub(f, y, G, T)
    mul(f, z, E, z)
    g2.copy(f, at(line!, 0), L)
    g2.neg(f, at(line!, 1), O)
    mul(f, T, L, at(q!, 1)); mul(f, G, q!, O); sub(f, at(line!, 2), G, T)
  })
  /** affine dst = the p^power Frobenius of affine a, on the twist. */
  for (const power of [1, 2, 3]) {
    const cx = constant(complex.power(XI, (fp.p ** BigInt(power) - 1n) / 3n)), cy = constant(complex.power(XI, (fp.p ** BigInt(power) - 1n) / 2n))
    m.func(`twist_frobenius${power}`, pointers(2), [], (f, dst, a) => {
      for (const [k, c] of [[0, cx], [1, cy]] as const) {
        if (power === 2) g2.copy(f, u, at(a!, k))
        else conjugate(f, u, at(a!, k))
        mul(f, at(dst!, k), u, c)
      }
    })
  }
  /** Mask of lanes where point is affine q, and not at infinity. */
  m.func('twist_equals', pointers(2), ['i32'], (f, point, q) => {
    const z = at(point!, 2)
    f.call(g2.reduce, u, z)
    const mask = f.local('i32', i32.xor(call(g2.zeros, u), 3))
    for (const k of [0, 1]) {
      mul(f, w, at(q!, k), z); sub(f, w, at(point!, k), w)
      f.set(mask, i32.and(mask, call(g2.zeros, w)))
    }
    f.result(mask)
  })
  const onCurve = (name: string, c: Coordinates, b: number) => {
    const left = m.frame(c.pair), right = m.frame(c.pair)
    m.func(name, pointers(1), ['i32'], (f, point) => {
      f.call(c.sqr, left, i32.add(point!, c.pair))
      f.call(c.sqr, right, point!); f.call(c.mul, right, right, point!)
      c.sub(f, left, left, right); f.call(c.reduce, left, left)
      c.sub(f, left, left, b); f.call(c.reduce, left, left)
      f.result(call(c.zeros, left))
    })
  }
  onCurve('g1_onCurve', g1, fp.constantPair(3n))
  onCurve('g2_onCurve', g2, twistB)

  const [l0, l3] = [temp2(), temp2()], l4 = temp2(), a3 = temp6(), b3 = temp6(), d3 = temp6(), d0 = temp2()
  const element = m.frame(PAIR)
  /** f *= line at the G1 point (affine pair); with `alone`, lane 1 is left as it is. */
  m.func('fp12_line', pointers(4), [], (f, f12, line, point, alone) => {
    scale(f, l0, at(line!, 0), i32.add(point!, PAIR))
    scale(f, l3, at(line!, 1), point!)
    g2.copy(f, l4, at(line!, 2))
    f.if(alone!, () => {
      fp.getLane(f, element, fp.one, 0)
      fp.setLane(f, l0, 1, element)
      fp.getLane(f, element, fp.zero, 0)
      for (const zero of [i32.add(l0, PAIR), l3, i32.add(l3, PAIR), l4, i32.add(l4, PAIR)]) fp.setLane(f, zero, 1, element)
    })
    for (let k = 0; k < 3; k++) mul(f, at(a3, k), at(f12!, k), l0)
    f.call(mul6Sparse, b3, high(f12!), l3, l4)
    each6(f, add, d3, f12!, high(f12!))
    add(f, d0, l0, l3)
    f.call(mul6Sparse, d3, d3, d0, l4)
    each6(f, g2.sub, d3, d3, a3); each6(f, sub, high(f12!), d3, b3)
    timesV(f, cc, b3); each6(f, add, f12!, a3, cc)
  })
}

