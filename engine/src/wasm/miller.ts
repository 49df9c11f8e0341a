// Miller loops of the optimal ate pairing, many at once with shared squarings.
//
// F. Vercauteren, "Optimal pairings", IEEE Trans. Inf. Theory 56(1), 2010: e(P, Q) is the final power of
//   f_{6x+2,Q}(P) · l_{[6x+2]Q, ψ(Q)}(P) · l_{[6x+2]Q + ψ(Q), −ψ²(Q)}(P),
// ψ the Frobenius of the curve carried to its twist E': y² = x³ + 3/ξ. A point (x, y) of E' is (x·w², y·w³) on the curve, so
// the line of slope λ through T = (x_T, y_T) of E' has at P = (x_P, y_P) the value
//   y_P − λ·x_P·w + (λ·x_T − y_T)·w³,
// up to factors from Fp2, which the final power removes.
//
// Two kinds of point. *Fixed* ones (a key's): λ and λ·x_T − y_T are tabled once, and P enters as (x_P/y_P, 1/y_P), so that
// the value is 1 + (−λ·x_P/y_P)·w + (…)·w³. *Fresh* ones (a proof's B): T runs in homogeneous coordinates (Costello, Lange,
// Naehrig, "Faster pairing computations on curves with high-degree twists", PKC 2010, with factors of 2 cleared).
//
// T ends as [6x+2]Q + ψ(Q) − ψ²(Q), and Q lies in the subgroup of order r exactly if that is −ψ³(Q): g(ψ)Q = 0 for
// g = (6x + 2) + ψ − ψ² + ψ³ holds in the subgroup, where ψ is multiplication by p, and conversely g(ψ) kills nothing in
// the rest of E'(Fp2), because its norm is prime to the cofactor 2p − r (test/pairing.test.ts computes it; the method of
// Y. Dai, K. Lin, C.-A. Zhao, Z. Zhou, "Fast subgroup membership testings for G1, G2 and GT", ePrint 2022/348).
// So membership costs one comparison. Where an addition meets an exceptional case, which a point of order r never does,
// Z becomes 0 and stays 0, and the comparison refuses.

import { PAIR } from './field.ts'
import { call, i32, type Body, type Func, type I32, type Val } from './emit.ts'
import { CURVE_X, FP12, XI, fp2, frobeniusFactor, nonAdjacent, type Tower } from './tower.ts'

/** A fresh pair: P = (x, x), (y, y), or as a fixed pair has it for `loopInStep`; Q = x, y; T = X, Y, Z; what is added to T. */
export const FRESH = 9 * PAIR
/** A fixed pair: (x_P/y_P) twice, (1/y_P) twice. Its lines' address is kept apart. */
export const FIXED = 2 * PAIR

type Step = 'double' | 'add' | 'subtract' | 'frobenius' | 'frobenius2'
const DIGITS = nonAdjacent(6n * CURVE_X + 2n).reverse()
const STEPS: readonly Step[] = [
  ...DIGITS.slice(1).flatMap((digit): Step[] => (digit === 0 ? ['double'] : ['double', digit > 0 ? 'add' : 'subtract'])),
  'frobenius', 'frobenius2',
]
/** Bytes of the lines of one fixed point. */
export const LINES = STEPS.length * 2 * PAIR

export interface Miller {
  /** lines, q: the lines of the affine point q (x, y), which must lie in the subgroup. */
  readonly prepareLines: Func
  /** f, fresh, freshCount, fixed, lines, fixedCount: f = the product of all loops; `lines` is a list of 32-bit addresses. Fills T. */
  readonly loop: Func
  /**
   * As `loop`, with T affine and the inversions of a step shared by all fresh pairs; then `work`, a place for 2·freshCount pairs.
   * Answers 0, and nothing else, where it meets an exceptional case.
   */
  readonly loopInStep: Func
  /** fresh → 1 where Q lies in the subgroup; after either loop. */
  readonly inSubgroup: Func
}

export function buildMiller(t: Tower): Miller {
  const { field, complex: { mul, sqr, wide, accumulate, finish } } = t
  const { m, p } = field
  const pointers = (n: number) => Array<'i32'>(n).fill('i32')
  const at = (base: I32, k: number) => (k === 0 ? base : i32.add(base, k * PAIR))
  const temp = () => m.frame(PAIR)
  const reduce = (f: Body, x: I32) => f.call(field.reduce, x, x)
  const times = (f: Body, dst: I32, a: I32, b: I32) => { f.call(mul, dst, a, b); reduce(f, dst) }
  const square = (f: Body, dst: I32, a: I32) => { f.call(sqr, dst, a); reduce(f, dst) }
  const scale = (f: Body, dst: I32, a: I32, b: I32) => { f.call(field.mul, dst, a, b); reduce(f, dst) }
  const twice = (f: Body, dst: I32, a: I32) => { field.double(f, dst, a); reduce(f, dst) }

  const thrice = t.constant(((b) => [b[0] * 9n % p, b[1] * 9n % p] as const)(fp2(p).invert(XI))) // 3b', b' = 3/ξ
  const frobenius = [1, 2, 3].map((n) => ({ x: t.constant(frobeniusFactor(p, n, 2)), y: t.constant(frobeniusFactor(p, n, 3)), n }))
  /** (x, y) = ψⁿ(q) */
  const psi = (f: Body, n: 1 | 2 | 3, x: I32, y: I32, q: { x: I32; y: I32 }) => {
    const factor = frobenius[n - 1]!
    for (const [to, from, by] of [[x, q.x, factor.x], [y, q.y, factor.y]] as const) {
      if (n === 2) field.copy(f, to, from)
      else field.conjugate(f, to, from)
      times(f, to, to, by)
    }
  }
  const qx = temp(), qy = temp()
  /** (qx, qy) = the point that the step adds to T. */
  const addend = (f: Body, step: Step, q: { x: I32; y: I32 }) => {
    if (step === 'frobenius' || step === 'frobenius2') psi(f, step === 'frobenius' ? 1 : 2, qx, qy, q)
    else { field.copy(f, qx, q.x); field.copy(f, qy, q.y) }
    if (step === 'subtract' || step === 'frobenius2') field.neg(f, qy, qy)
  }

  // Fixed points: T affine, one inversion a step.
  const [tx, ty, slope, x3, v] = [temp(), temp(), temp(), temp(), temp()]
  const tangent = m.func('tangent', [], [], (f) => {
    square(f, slope, tx)
    field.double(f, v, slope); t.add(f, slope, v, slope)
    twice(f, v, ty)
    field.copy(f, qx, tx)
  }, false)
  const chord = m.func('chord', [], [], (f) => {
    t.sub(f, slope, qy, ty)
    t.sub(f, v, qx, tx)
  }, false)
  /** The line of slope `slope`/`v` through T is tabled, and T moves to where it meets the curve again, mirrored. */
  const advance = m.func('advance', pointers(1), [], (f, to) => {
    f.call(t.invert, v, v)
    times(f, slope, slope, v)
    times(f, v, slope, tx)
    t.sub(f, at(to!, 1), v, ty)
    field.neg(f, to!, slope)
    square(f, x3, slope)
    field.sub(f, x3, x3, tx); t.sub(f, x3, x3, qx)
    t.sub(f, v, tx, x3)
    times(f, v, v, slope)
    t.sub(f, ty, v, ty)
    field.copy(f, tx, x3)
  }, false)
  const prepareLines = m.func('prepareLines', pointers(2), [], (f, lines, q) => {
    const point = { x: i32.of(q!), y: at(q!, 1) }
    field.copy(f, tx, point.x)
    field.copy(f, ty, point.y)
    STEPS.forEach((step, k) => {
      if (step === 'double') f.call(tangent)
      else { addend(f, step, point); f.call(chord) }
      f.call(advance, i32.add(lines!, 2 * k * PAIR))
    })
  })

  const [lineB, lineC, lineA] = [temp(), temp(), temp()]
  const mulFixed = m.func('mulFixed', pointers(3), [], (f, g, fixed, line) => {
    scale(f, lineB, line!, fixed!)
    scale(f, lineC, at(line!, 1), at(fixed!, 1))
    f.call(t.mulLine, g!, lineB, lineC)
  }, false)

  const [xy, b, c, e, h, j, g, k] = [temp(), temp(), temp(), temp(), temp(), temp(), temp(), temp()]
  const fresh = (base: I32) => ({ px: i32.of(base), py: at(base, 1), q: { x: at(base, 2), y: at(base, 3) }, x: at(base, 4), y: at(base, 5), z: at(base, 6) })
  const sumAt = m.frame(t.complex.wideBytes)
  const dot = (f: Body, dst: I32, a1: I32, b1: I32, a2: I32, b2: I32) => {
    f.call(wide, sumAt, a1, b1); f.call(accumulate, sumAt, a2, b2); f.call(finish, dst, sumAt); reduce(f, dst)
  }
  const doubleFresh = m.func('doubleFresh', pointers(2), [], (f, to, item) => {
    const { px, py, x, y, z } = fresh(item!)
    times(f, xy, x, y)
    square(f, b, y)
    square(f, c, z)
    times(f, e, c, thrice) // E = 3b'Z²
    times(f, h, y, z)
    twice(f, h, h) // 2YZ
    square(f, j, x)
    t.sub(f, lineC, e, b)
    scale(f, lineA, h, py); field.neg(f, lineA, lineA)
    field.double(f, lineB, j); t.add(f, lineB, lineB, j)
    scale(f, lineB, lineB, px)
    field.double(f, g, e); t.add(f, g, g, e) // 3E
    t.sub(f, k, b, g)
    times(f, x, xy, k); twice(f, x, x) // X = 2XY(B − 3E)
    t.add(f, k, b, g)
    field.double(f, c, g); twice(f, c, c); field.neg(f, c, c) // −12E
    dot(f, y, k, k, c, e) // Y = (B + 3E)² − 12E²
    times(f, z, b, h); twice(f, z, z); twice(f, z, z) // Z = 8BYZ
    f.call(t.mulLine3, to!, lineA, lineB, lineC)
  }, false)

  const addTo = m.func('addFresh', pointers(2), [], (f, to, item) => {
    const { px, py, x, y, z } = fresh(item!)
    times(f, b, qy, z); t.sub(f, b, y, b) // θ
    times(f, c, qx, z); t.sub(f, c, x, c) // λ
    field.neg(f, k, c)
    dot(f, lineC, b, qx, k, qy)
    scale(f, lineA, c, py)
    scale(f, lineB, b, px); field.neg(f, lineB, lineB)
    square(f, e, c)
    times(f, g, x, e) // G = Xλ²
    times(f, e, e, c) // λ³
    square(f, h, b); times(f, h, h, z)
    field.add(f, h, h, e); field.sub(f, h, h, g); t.sub(f, h, h, g) // H = λ³ + Zθ² − 2G
    times(f, x, c, h)
    t.sub(f, g, g, h)
    field.neg(f, y, y)
    dot(f, y, b, g, y, e)
    times(f, z, z, e)
    f.call(t.mulLine3, to!, lineA, lineB, lineC)
  }, false)

  const loop = m.func('millerLoop', pointers(6), [], (f, to, items, count, fixed, lines, fixedCount) => {
    const end = f.local('i32', i32.add(items!, i32.mul(count!, FRESH)))
    const line = f.local('i32')
    f.for(items!, end, FRESH, (item) => {
      const { q, x, y, z } = fresh(item)
      field.copy(f, x, q.x); field.copy(f, y, q.y)
      field.copy(f, z, t.one)
    })
    f.copy(to!, t.one, FP12)
    STEPS.forEach((step, k) => {
      if (step === 'double' && k > 0) f.call(t.sqr12, to!, to!)
      f.for(items!, end, FRESH, (item) => {
        if (step === 'double') f.call(doubleFresh, to!, item)
        else { addend(f, step, fresh(item).q); f.call(addTo, to!, item) }
      })
      f.for(0, fixedCount!, 1, (n) => {
        f.set(line, i32.add(i32.load(i32.add(lines!, i32.shl(n, 2))), 2 * k * PAIR))
        f.call(mulFixed, to!, i32.add(fixed!, i32.mul(n, FIXED)), line)
      })
    })
  })

  const running = m.frame(PAIR), reciprocal = m.frame(PAIR)
  const [prepareTangent, prepareChord] = [true, false].map((isTangent) => m.func(isTangent ? 'tangents' : 'chords', pointers(3), [], (f, item, to, prefix) => {
    const { x, y } = fresh(item!)
    if (isTangent) twice(f, to!, y)
    else t.sub(f, to!, at(item!, 7), x)
    field.copy(f, prefix!, running)
    times(f, running, running, to!)
  }, false)) as [Func, Func]
  const [tangentStep, chordStep] = [true, false].map((isTangent) => m.func(isTangent ? 'tangentStep' : 'chordStep', pointers(4), [], (f, to, item, denominator, prefix) => {
    const { px, py, x, y } = fresh(item!)
    times(f, reciprocal, running, prefix!)
    times(f, running, running, denominator!)
    if (isTangent) {
      square(f, slope, x)
      field.double(f, v, slope); t.add(f, slope, v, slope)
    } else t.sub(f, slope, at(item!, 8), y)
    times(f, slope, slope, reciprocal)
    f.call(mul, v, slope, x)
    t.sub(f, lineC, v, y)
    scale(f, lineC, lineC, py)
    scale(f, lineB, slope, px); field.neg(f, lineB, lineB)
    f.call(sqr, x3, slope)
    field.sub(f, x3, x3, x); t.sub(f, x3, x3, isTangent ? x : at(item!, 7))
    t.sub(f, v, x, x3)
    f.call(mul, v, v, slope)
    t.sub(f, y, v, y)
    field.copy(f, x, x3)
    f.call(t.mulLine, to!, lineB, lineC)
  }, false)) as [Func, Func]

  const loopInStep = m.func('millerLoopInStep', pointers(7), ['i32'], (f, to, items, count, fixed, lines, fixedCount, work) => {
    const end = f.local('i32', i32.add(items!, i32.mul(count!, FRESH))), item = f.local('i32')
    const denominators = work!, to2 = f.local('i32'), line = f.local('i32')
    const prefixOf = (place: I32) => i32.add(place, i32.mul(count!, PAIR))
    f.for(items!, end, FRESH, (each) => {
      const { q, x, y, z } = fresh(each)
      field.copy(f, x, q.x); field.copy(f, y, q.y)
      field.copy(f, z, t.one)
    })
    f.copy(to!, t.one, FP12)
    STEPS.forEach((step, k) => {
      if (step === 'double' && k > 0) f.call(t.sqr12, to!, to!)
      field.copy(f, running, t.one)
      f.set(to2, i32.of(denominators))
      f.for(items!, end, FRESH, (each) => {
        if (step !== 'double') {
          addend(f, step, fresh(each).q)
          field.copy(f, at(each, 7), qx); field.copy(f, at(each, 8), qy)
        }
        f.call(step === 'double' ? prepareTangent : prepareChord, each, to2, prefixOf(to2))
        f.step(to2, PAIR)
      })
      f.if(i32.eq(call(field.zeros, running), 3), () => f.return(0))
      f.call(t.invert, running, running)
      f.set(item, i32.of(end))
      f.while(() => i32.ne(item, items!), () => {
        f.set(item, i32.sub(item, FRESH))
        f.set(to2, i32.sub(to2, PAIR))
        f.call(step === 'double' ? tangentStep : chordStep, to!, item, to2, prefixOf(to2))
      })
      f.for(0, fixedCount!, 1, (n) => {
        f.set(line, i32.add(i32.load(i32.add(lines!, i32.shl(n, 2))), 2 * k * PAIR))
        f.call(mulFixed, to!, i32.add(fixed!, i32.mul(n, FIXED)), line)
      })
    })
    f.result(i32.of(1))
  })

  const inSubgroup = m.func('inSubgroup', pointers(1), ['i32'], (f, item) => {
    const { q, x, y, z } = fresh(item!)
    psi(f, 3, qx, qy, q)
    const both = (a: Val<'i32'>) => i32.eq(call(field.zeros, a), 3)
    times(f, b, qx, z); t.sub(f, b, b, x)
    times(f, c, qy, z); t.add(f, c, c, y) // −ψ³(Q)
    f.call(field.reduce, k, z)
    f.result(i32.and(i32.and(both(b), both(c)), i32.eqz(both(k))))
  })

  return { prepareLines, loop, loopInStep, inSubgroup }
}
