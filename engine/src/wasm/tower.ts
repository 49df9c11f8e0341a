// The extension fields of the pairing: Fp2 = Fp[i]/(i² + 1) and Fp12 = Fp2[w]/(w⁶ − ξ), ξ = 9 + i.
//
// An Fp2 element is one pair, real part in lane 0. An Fp12 element is its six coefficients of 1, w, …, w⁵, one after the
// other. Its products are plain schoolbook sums: a coefficient is a sum of Fp2 products, reduced once, and with a
// reduction as dear as two products that costs no more than Karatsuba's steps. All elements in memory are reduced
// (1 unit, at most p/2); what functions leave is reduced again.

import { PAIR, inverse, mod, type Complex, type Field } from './field.ts'
import { call, i32, type Body, type Func, type I32, type Val } from './emit.ts'

export const FP12 = 6 * PAIR
/** x, the parameter of the curve: p = 36x⁴ + 36x³ + 24x² + 6x + 1. */
export const CURVE_X = 4965661367192848881n

export type E2 = readonly [bigint, bigint]
export const XI: E2 = [9n, 1n]

/** Fp2 in integers, for constants. */
export function fp2(p: bigint) {
  const mul = (a: E2, b: E2): E2 => [mod(a[0] * b[0] - a[1] * b[1], p), mod(a[0] * b[1] + a[1] * b[0], p)]
  const pow = (a: E2, n: bigint): E2 => {
    let result: E2 = [1n, 0n]
    for (; n > 0n; n >>= 1n) {
      if (n & 1n) result = mul(result, a)
      a = mul(a, a)
    }
    return result
  }
  const invert = (a: E2): E2 => {
    const n = inverse(a[0] * a[0] + a[1] * a[1], p)
    return [mod(a[0] * n, p), mod(-a[1] * n, p)]
  }
  return { mul, pow, invert }
}

/** ξ^(k·(p^n − 1)/6): what the n-th Frobenius power multiplies w^k by. */
export function frobeniusFactor(p: bigint, n: number, k: number): E2 {
  return fp2(p).pow(XI, (BigInt(k) * (p ** BigInt(n) - 1n)) / 6n)
}

/** Signed digits of n, lowest first: odd and below 2^(width−1) in absolute value, or 0. */
export function nonAdjacent(n: bigint, width = 2): number[] {
  const digits: number[] = []
  for (; n > 0n; n >>= 1n) {
    const digit = n & 1n ? BigInt.asIntN(width, n) : 0n
    n -= digit
    digits.push(Number(digit))
  }
  return digits
}

export interface Tower {
  readonly field: Field
  readonly complex: Complex
  readonly one: number
  /** An Fp2 constant's address. */
  constant(x: E2): number
  /** dst = a ± b in Fp2, reduced; inline. */
  add(f: Body, dst: I32, a: I32, b: I32): void
  sub(f: Body, dst: I32, a: I32, b: I32): void
  /** dst, a → dst = ξ·a. */
  readonly xi: Func
  /** dst, a → dst = a⁻¹, 0 for 0. */
  readonly invert: Func
  // Fp12
  readonly mul12: Func
  readonly sqr12: Func
  /** f, b, c → f *= 1 + b·w + c·w³. */
  readonly mulLine: Func
  /** f, a, b, c → f *= a + b·w + c·w³. */
  readonly mulLine3: Func
  /** dst, f → dst = f to (p^12 − 1)/r · `FINAL_MULTIPLE`. */
  readonly finalExponentiation: Func
  /** f, g → 1 where equal. */
  readonly equal12: Func
  /** f → 1 where f = 1. */
  readonly isOne12: Func
}

/**
 * The power that the final exponentiation takes beyond (p^12 − 1)/r: prime to r, so it changes nothing in a comparison.
 * L. Fuentes-Castañeda, E. Knapp, F. Rodríguez-Henríquez, "Faster hashing to G2", SAC 2011, section 5.
 */
export const FINAL_MULTIPLE = 2n * CURVE_X * (6n * CURVE_X ** 2n + 3n * CURVE_X + 1n)

export function buildTower(field: Field, invertPair: Func): Tower {
  const { m, p } = field
  const complex = field.buildComplex()
  const { wide, accumulate, finish, mul } = complex
  const pointers = (n: number) => Array<'i32'>(n).fill('i32')
  const frames = (n: number, bytes: number): Val<'i32'>[] => {
    const start = m.frame(n * bytes)
    return Array.from({ length: n }, (_, k) => i32.add(start, k * bytes))
  }
  const coefficient = (f: I32, k: number) => (k === 0 ? f : i32.add(f, k * PAIR))
  const constant = (x: E2) => field.constantPair(x[0], x[1])
  const one12 = m.constant([...field.encode(field.mont(1n), 0n), ...Array.from({ length: 5 }, () => [...field.encode(0n, 0n)]).flat()])
  const reduce = (f: Body, at: I32) => f.call(field.reduce, at, at)
  const add = (f: Body, dst: I32, a: I32, b: I32) => { field.add(f, dst, a, b); reduce(f, dst) }
  const sub = (f: Body, dst: I32, a: I32, b: I32) => { field.sub(f, dst, a, b); reduce(f, dst) }
  const copy12 = (f: Body, dst: I32, a: I32) => { for (let k = 0; k < 6; k++) field.copy(f, coefficient(dst, k), coefficient(a, k)) }

  /** dst = Σ aⱼ·bⱼ (+ c), reduced. */
  const sumAt = m.frame(complex.wideBytes)
  const sum = (f: Body, dst: I32, terms: readonly (readonly [I32, I32])[], plus?: I32) => {
    terms.forEach(([a, b], j) => f.call(j === 0 ? wide : accumulate, sumAt, a, b))
    f.call(finish, dst, sumAt)
    if (plus !== undefined) field.add(f, dst, dst, plus)
    reduce(f, dst)
  }

  const [xiTriple, xiTurned] = frames(2, PAIR) as [Val<'i32'>, Val<'i32'>]
  const xi = m.func('fp2_xi', pointers(2), [], (f, dst, a) => {
    // 3·(3a) + i·a, carried in between: 10 units would be too many
    field.add(f, xiTriple, a!, a!)
    field.add(f, xiTriple, xiTriple, a!)
    reduce(f, xiTriple)
    field.turn(f, xiTurned, a!)
    field.add(f, xiTurned, xiTurned, xiTriple)
    field.add(f, xiTurned, xiTurned, xiTriple)
    field.add(f, xiTurned, xiTurned, xiTriple)
    f.call(field.reduce, dst!, xiTurned)
  })

  const [norm, normTurned] = frames(2, PAIR) as [Val<'i32'>, Val<'i32'>]
  const invert = m.func('fp2_inverse', pointers(2), [], (f, dst, a) => {
    f.call(field.sqr, norm, a!)
    field.swap(f, normTurned, norm)
    add(f, norm, norm, normTurned)
    f.call(invertPair, norm, norm)
    f.call(field.mul, norm, a!, norm)
    field.conjugate(f, dst!, norm)
    reduce(f, dst!)
  })

  const shifted = frames(6, PAIR), doubled = frames(6, PAIR), out = m.frame(FP12)
  const mul12 = m.func('fp12_mul', pointers(3), [], (f, dst, a, b) => {
    for (let j = 1; j < 6; j++) f.call(xi, shifted[j]!, coefficient(b!, j))
    for (let k = 0; k < 6; k++) {
      sum(f, coefficient(out, k), [0, 1, 2, 3, 4, 5].map((i) =>
        [coefficient(a!, i), i <= k ? coefficient(b!, k - i) : shifted[k + 6 - i]!] as const))
    }
    copy12(f, dst!, out)
  })

  const sqr12 = m.func('fp12_sqr', pointers(2), [], (f, dst, a) => {
    for (let j = 0; j < 5; j++) field.double(f, doubled[j]!, coefficient(a!, j))
    for (let j = 3; j < 6; j++) f.call(xi, shifted[j]!, coefficient(a!, j))
    for (let k = 0; k < 6; k++) {
      const terms: (readonly [I32, I32])[] = []
      for (let i = 0; i < 6; i++) {
        for (let j = i; j < 6; j++) {
          if (i + j === k) terms.push([i === j ? coefficient(a!, i) : doubled[i]!, coefficient(a!, j)])
          if (i + j === k + 6) terms.push([i === j ? coefficient(a!, i) : doubled[i]!, shifted[j]!])
        }
      }
      sum(f, coefficient(out, k), terms)
    }
    copy12(f, dst!, out)
  })

  const [xiB, xiC] = frames(2, PAIR) as [Val<'i32'>, Val<'i32'>]
  const lineProduct = (f: Body, at: I32, a: I32 | undefined, b: I32, c: I32) => {
    f.call(xi, xiB, b)
    f.call(xi, xiC, c)
    for (let k = 0; k < 6; k++) {
      const terms: (readonly [I32, I32])[] = [
        k >= 1 ? [coefficient(at, k - 1), b] : [coefficient(at, 5), xiB],
        k >= 3 ? [coefficient(at, k - 3), c] : [coefficient(at, k + 3), xiC],
      ]
      if (a === undefined) sum(f, coefficient(out, k), terms, coefficient(at, k))
      else sum(f, coefficient(out, k), [...terms, [coefficient(at, k), a]])
    }
    copy12(f, at, out)
  }
  const mulLine = m.func('fp12_mulLine', pointers(3), [], (f, at, b, c) => lineProduct(f, at!, undefined, b!, c!))
  const mulLine3 = m.func('fp12_mulLine3', pointers(4), [], (f, at, a, b, c) => lineProduct(f, at!, a!, b!, c!))

  /** dst = f^(p^6): w ↦ −w. For f of norm 1 the inverse. */
  const conjugate12 = (f: Body, dst: I32, a: I32) => {
    for (let k = 0; k < 6; k++) (k % 2 === 0 ? field.copy : field.neg).call(field, f, coefficient(dst, k), coefficient(a, k))
  }

  const [t0, t1, t2, d, u] = frames(5, PAIR) as [Val<'i32'>, Val<'i32'>, Val<'i32'>, Val<'i32'>, Val<'i32'>]
  const conjugated = m.frame(FP12), product = m.frame(FP12)
  /** f⁻¹ = f̄ / (f·f̄), and f·f̄ = a0 + a1·v + a2·v² lies in Fp6, v = w², v³ = ξ. */
  const invert12 = m.func('fp12_invert', pointers(2), [], (f, dst, a) => {
    conjugate12(f, conjugated, a!)
    f.call(mul12, product, a!, conjugated)
    const [a0, a1, a2] = [0, 2, 4].map((k) => coefficient(product, k)) as [I32, I32, I32]
    const times = (to: I32, x: I32, y: I32) => { f.call(mul, to, x, y); reduce(f, to) }
    times(t0, a1, a2); f.call(xi, u, t0); times(t0, a0, a0); sub(f, t0, t0, u)
    times(u, a2, a2); f.call(xi, t1, u); times(u, a0, a1); sub(f, t1, t1, u)
    times(t2, a1, a1); times(u, a0, a2); sub(f, t2, t2, u)
    sum(f, u, [[a2, t1], [a1, t2]]); f.call(xi, u, u)
    times(d, a0, t0); add(f, d, d, u)
    f.call(invert, d, d)
    for (let k = 0; k < 6; k++) field.copy(f, coefficient(product, k), field.zero)
    ;[t0, t1, t2].forEach((t, k) => times(coefficient(product, 2 * k), t, d))
    f.call(mul12, dst!, conjugated, product)
  }, false)

  const frobenius = [1, 2, 3].map((n) => {
    const factors = Array.from({ length: 6 }, (_, k) => constant(frobeniusFactor(p, n, k)))
    return m.func(`fp12_frobenius${n}`, pointers(2), [], (f, dst, a) => {
      for (let k = 0; k < 6; k++) {
        const from = coefficient(a!, k), to = coefficient(dst!, k)
        if (n % 2 === 1) field.conjugate(f, u, from)
        else field.copy(f, u, from)
        f.call(mul, to, u, factors[k]!)
        reduce(f, to)
      }
    })
  })

  // R. Granger, M. Scott, "Faster squaring in the cyclotomic subgroup of sixth degree extensions", PKC 2010: with
  // s = w³, s² = ξ, and f = A + B·w + C·w² over Fp4 = Fp2[s], f² = (3A² − 2Ā) + (3s·C² + 2B̄)·w + (3B² − 2C̄)·w².
  const squares = frames(6, PAIR)
  const cyclotomicSquare = m.func('fp12_cyclotomicSqr', pointers(2), [], (f, dst, a) => {
    /** (re, im) = (x + y·s)² */
    const square4 = (re: I32, im: I32, x: I32, y: I32) => {
      f.call(xi, u, y)
      sum(f, re, [[x, x], [y, u]])
      f.call(mul, im, x, y)
      field.double(f, im, im)
      reduce(f, im)
    }
    const at = (k: number) => coefficient(a!, k)
    const [aRe, aIm, bRe, bIm, cRe, cIm] = squares as [I32, I32, I32, I32, I32, I32]
    square4(aRe, aIm, at(0), at(3))
    square4(bRe, bIm, at(1), at(4))
    square4(cRe, cIm, at(2), at(5))
    f.call(xi, cIm, cIm) // s·C² = ξ·cIm + cRe·s
    /** dst = 3·square ∓ 2·old */
    const combine = (k: number, square: I32, sign: 1 | -1) => {
      if (sign === 1) field.add(f, u, square, at(k))
      else field.sub(f, u, square, at(k))
      reduce(f, u)
      field.double(f, u, u)
      field.add(f, u, u, square)
      f.call(field.reduce, coefficient(dst!, k), u)
    }
    combine(0, aRe, -1); combine(3, aIm, 1)
    combine(1, cIm, 1); combine(4, cRe, -1)
    combine(2, bRe, -1); combine(5, bIm, 1)
  })

  const WIDTH = 4
  const odd = frames(2 ** (WIDTH - 2), FP12), power = m.frame(FP12), oneUse = m.frame(FP12)
  /** dst = a^x, a of the cyclotomic subgroup, where negative digits cost nothing. */
  const powerX = m.func('fp12_powerX', pointers(2), [], (f, dst, a) => {
    copy12(f, odd[0]!, a!)
    f.call(cyclotomicSquare, power, a!)
    for (let k = 1; k < odd.length; k++) f.call(mul12, odd[k]!, odd[k - 1]!, power)
    const digits = nonAdjacent(CURVE_X, WIDTH).reverse()
    digits.forEach((digit, i) => {
      const entry = odd[(Math.abs(digit) - 1) / 2]!
      if (i === 0) return copy12(f, power, entry)
      f.call(cyclotomicSquare, power, power)
      if (digit > 0) f.call(mul12, power, power, entry)
      if (digit < 0) { conjugate12(f, oneUse, entry); f.call(mul12, power, power, oneUse) }
    })
    copy12(f, dst!, power)
  })

  const [g, y0, y1, y2, y3, y4, y5, y6] = frames(8, FP12) as Eight
  const finalExponentiation = m.func('finalExponentiation', pointers(2), [], (f, dst, a) => {
    const times = (to: I32, x: I32, y: I32) => f.call(mul12, to, x, y)
    // (p⁶ − 1)(p² + 1)
    f.call(invert12, y0, a!)
    conjugate12(f, g, a!)
    times(g, g, y0)
    f.call(frobenius[1]!, y0, g)
    times(g, g, y0)
    // FINAL_MULTIPLE·(p⁴ − p² + 1)/r = λ0 + λ1·p + λ2·p² + λ3·p³ with
    //   λ3 = λ1' − 1, λ2 = 6x + 12x² + 12x³ =: c, λ1' = 4x + 6x² + 12x³ =: b, λ1 = b, λ0 = 1 + 6x + 12x²+ 12x³ + 6x²
    const a_ = y1, b_ = y2
    f.call(powerX, y0, g)                     // x
    f.call(cyclotomicSquare, y0, y0)          // 2x
    f.call(cyclotomicSquare, y3, y0); times(y3, y3, y0) // 6x
    f.call(powerX, y4, y3)                    // 6x²
    f.call(cyclotomicSquare, y5, y4)          // 12x²
    f.call(powerX, y5, y5)                    // 12x³
    times(a_, y5, y4); times(a_, a_, y3)      // a = 12x³ + 6x² + 6x
    conjugate12(f, y6, y0)
    times(b_, a_, y6)                         // b = a − 2x
    // g^(a + 6x² + 1) · (g^b)^p · (g^a)^(p²) · (g^(b − 1))^(p³)
    times(y4, y4, a_); times(y4, y4, g)
    f.call(frobenius[0]!, y5, b_); times(y4, y4, y5)
    f.call(frobenius[1]!, y5, a_); times(y4, y4, y5)
    conjugate12(f, y6, g); times(b_, b_, y6)
    f.call(frobenius[2]!, y5, b_)
    times(dst!, y4, y5)
  })

  const equal12 = m.func('fp12_equal', pointers(2), ['i32'], (f, a, b) => {
    const same = f.local('i32', i32.of(3))
    for (let k = 0; k < 6; k++) {
      sub(f, u, coefficient(a!, k), coefficient(b!, k))
      f.set(same, i32.and(same, call(field.zeros, u)))
    }
    f.result(i32.eq(same, 3))
  })

  const isOne12 = m.func('isOne12', pointers(1), ['i32'], (f, a) => f.result(call(equal12, a!, one12)))
  return { field, complex, one: one12, constant, add, sub, xi, invert, mul12, sqr12, mulLine, mulLine3, finalExponentiation, equal12, isOne12 }
}

type Eight = [Val<'i32'>, Val<'i32'>, Val<'i32'>, Val<'i32'>, Val<'i32'>, Val<'i32'>, Val<'i32'>, Val<'i32'>]
