// The field without relaxed SIMD: 9 limbs of 29 bits, signed, in 32-bit words, multiplied in 64-bit integers.
//
// The same lazy rules as field-f64.ts and the same reduction: steps 0–6 fold the lowest limb x as x·F one limb up
// (F = 2^−29 mod p), steps 7 and 8 add q·p. Columns stay below 2^63: 18 products of two 2-unit limbs (2^58 each),
// and 9 of a 29-bit quotient and a balanced digit (2^57). A pair is its two elements one after the other.

import { ELEMENT, Field, PAIR, balanced, centred, inverse, type Complex, type Modulus } from './field.ts'
import { i32, i32x4, i64, v128, type Body, type Func, type I32, type Local, type Module, type V128, type Val } from './emit.ts'

const BITS = 29, LIMBS = 9
const M = 1n << 29n
const HALF = 1n << 28n
const MASK = M - 1n
const CHEAP_STEPS = 7

interface Term { a: I32; b: I32; negative?: boolean }

export class FieldI64 extends Field {
  readonly bits = BITS
  readonly limbs = LIMBS

  constructor(m: Module, modulus: Modulus) {
    super(m, modulus)
    this.one = this.constantPair(1n)
    this.zero = this.constantPair(0n)
    const { name } = modulus
    const twice = (suffix: string, count: number, build: (f: Body, ...args: Local<'i32'>[]) => void): Func => {
      const types = Array<'i32'>(count).fill('i32')
      const single = m.func(`${name}_${suffix}One`, types, [], build, false)
      return m.func(`${name}_${suffix}`, types, [], (f, ...args) => {
        f.call(single, ...args)
        f.call(single, ...args.map((a) => i32.add(a, ELEMENT)))
      })
    }
    this.mul = twice('mul', 3, (f, dst, a, b) => this.product(f, dst!, [{ a: a!, b: b! }]))
    this.sqr = twice('sqr', 2, (f, dst, a) => this.product(f, dst!, [{ a: a!, b: a! }]))
    this.dot = twice('dot', 5, (f, dst, a, b, c, d) => this.product(f, dst!, [{ a: a!, b: b! }, { a: c!, b: d! }]))
    this.dot3 = twice('dot3', 7, (f, dst, a, b, c, d, e, g) => this.product(f, dst!, [{ a: a!, b: b! }, { a: c!, b: d! }, { a: e!, b: g! }]))
    this.dotSub = twice('dotSub', 5, (f, dst, a, b, c, d) => this.product(f, dst!, [{ a: a!, b: b! }, { a: c!, b: d!, negative: true }]))
    this.reduce = twice('reduce', 2, (f, dst, a) => this.buildReduce(f, dst!, a!))
    this.zeros = m.func(`${name}_zeros`, ['i32'], ['i32'], (f, a) => {
      const lane = (at: number) => {
        const all = [0, 8, 16, 24].reduce<Val<'i64'>>((sum, k) => i64.or(sum, i64.load(a!, at + k)), i64.extendU(i32.load(a!, at + 32)))
        return i64.eqz(all)
      }
      f.result(i32.or(lane(0), i32.shl(lane(ELEMENT), 1)))
    })
    this.buildPacking()
  }

  private product(f: Body, dst: I32, terms: Term[]): void {
    const columns: Local<'i64'>[] = []
    this.montgomery(f, dst, columns, this.rows(f, columns, terms))
  }

  private accumulate(f: Body, columns: Local<'i64'>[], k: number, term: Val<'i64'>): void {
    if (!columns[k]) columns[k] = f.local('i64', term)
    else f.set(columns[k]!, i64.add(columns[k]!, term))
  }

  /** Emits row i of the products: limb i of one factor by all limbs of the other. */
  private rows(f: Body, columns: Local<'i64'>[], terms: Term[]): (i: number) => void {
    const accumulate = (k: number, term: Val<'i64'>) => this.accumulate(f, columns, k, term)
    const square = terms.length === 1 && terms[0]!.a === terms[0]!.b
    const factors = terms.map(({ a, b, negative }) => ({
      a: (k: number) => (negative ? i64.sub(0n, i64.load32s(a, 4 * k)) : i64.load32s(a, 4 * k)),
      b: Array.from({ length: LIMBS }, (_, k) => f.local('i64', i64.load32s(b, 4 * k))),
    }))
    return (i) => {
      for (const { a, b } of factors) {
        if (square) {
          accumulate(2 * i, i64.mul(b[i]!, b[i]!))
          if (i + 1 < LIMBS) {
            const double = f.local('i64', i64.shl(b[i]!, 1n))
            for (let j = i + 1; j < LIMBS; j++) accumulate(i + j, i64.mul(double, b[j]!))
          }
        } else {
          const ai = f.local('i64', a(i))
          for (let j = 0; j < LIMBS; j++) accumulate(i + j, i64.mul(ai, b[j]!))
        }
      }
    }
  }

  /** Reduces the columns to an element at dst; `row(i)` adds what column i still lacks. */
  private montgomery(f: Body, dst: I32, columns: Local<'i64'>[], row: (i: number) => void): void {
    const accumulate = (k: number, term: Val<'i64'>) => this.accumulate(f, columns, k, term)
    const p = balanced(this.p, BITS, LIMBS)
    const fold = balanced(centred(inverse(M, this.p), this.p), BITS, LIMBS)
    const pinv = BigInt.asIntN(29, -inverse(this.p, M))
    for (let i = 0; i < LIMBS; i++) {
      row(i)
      const column = columns[i]!
      if (i < CHEAP_STEPS) {
        const x = f.local('i64', i64.and(column, MASK))
        accumulate(i + 1, i64.shrS(column, 29n))
        for (let j = 0; j < LIMBS; j++) accumulate(i + 1 + j, i64.mul(x, fold[j]!))
      } else {
        const q = f.local('i64', i64.sub(i64.and(i64.add(i64.mul(column, pinv), HALF), MASK), HALF))
        accumulate(i + 1, i64.shrS(i64.add(column, i64.mul(q, p[0]!)), 29n))
        for (let j = 1; j < LIMBS; j++) accumulate(i + j, i64.mul(q, p[j]!))
      }
    }
    columns[2 * LIMBS - 1] = f.local('i64', i64.of(0n))
    this.storeCarried(f, dst, columns.slice(LIMBS, 2 * LIMBS))
  }

  private storeCarried(f: Body, dst: I32, limb: Local<'i64'>[]): void {
    for (let k = 0; k < LIMBS - 1; k++) {
      const t = f.local('i64', i64.add(limb[k]!, HALF))
      f.storeLong32(dst, 4 * k, i64.sub(i64.and(t, MASK), HALF))
      f.set(limb[k + 1]!, i64.add(limb[k + 1]!, i64.shrS(t, 29n)))
    }
    f.store64(dst, 4 * (LIMBS - 1), i64.and(limb[LIMBS - 1]!, 0xffffffffn)) // and clears the padding
  }

  override buildComplex(): Complex {
    const { m } = this, { name } = this.modulus
    const columnBytes = 8 * 2 * LIMBS
    const im = (a: I32) => i32.add(a, ELEMENT)
    const real = (a: I32, b: I32): Term[] => [{ a, b }, { a: im(a), b: im(b), negative: true }]
    const imaginary = (a: I32, b: I32): Term[] => [{ a, b: im(b) }, { a: im(a), b }]
    const types = ['i32', 'i32', 'i32'] as const
    const mulPart = (suffix: string, terms: typeof real) =>
      m.func(`${name}_complexMul${suffix}`, types, [], (f, dst, x, y) => this.product(f, dst!, terms(x!, y!)), false)
    const mulReal = mulPart('Real', real), mulImaginary = mulPart('Imaginary', imaginary)
    const kept = m.frame(PAIR)
    const mul = m.func(`${name}_complexMul`, types, [], (f, dst, x, y) => {
      f.call(mulReal, kept, x!, y!)
      f.call(mulImaginary, im(dst!), x!, y!)
      this.part(f, dst!, kept, (v) => v)
    })
    const widePart = (suffix: string, terms: typeof real, adds: boolean) => m.func(`${name}_${suffix}`, types, [], (f, dst, x, y) => {
      const columns: Local<'i64'>[] = []
      const row = this.rows(f, columns, terms(x!, y!))
      const finish = (k: number) => f.store64(dst!, 8 * k, adds ? i64.add(columns[k]!, i64.load(dst!, 8 * k)) : columns[k]!)
      for (let i = 0; i < LIMBS; i++) { row(i); finish(i) }
      for (let k = LIMBS; k < 2 * LIMBS - 1; k++) finish(k)
    }, false)
    const wide = (suffix: string, adds: boolean) => {
      const parts = [widePart(`${suffix}Real`, real, adds), widePart(`${suffix}Imaginary`, imaginary, adds)] as const
      return m.func(`${name}_${suffix}`, types, [], (f, dst, x, y) => {
        f.call(parts[0], dst!, x!, y!)
        f.call(parts[1], i32.add(dst!, columnBytes), x!, y!)
      })
    }
    const finishPart = m.func(`${name}_complexFinishPart`, ['i32', 'i32'], [], (f, dst, a) => {
      const columns = Array.from({ length: 2 * LIMBS - 1 }, (_, k) => f.local('i64', i64.load(a!, 8 * k)))
      this.montgomery(f, dst!, columns, () => {})
    }, false)
    const finish = m.func(`${name}_complexFinish`, ['i32', 'i32'], [], (f, dst, a) => {
      f.call(finishPart, dst!, a!)
      f.call(finishPart, im(dst!), i32.add(a!, columnBytes))
    })
    return { mul, sqr: this.complexSquare(), wide: wide('complexWide', false), accumulate: wide('complexAccumulate', true), finish, wideBytes: 2 * columnBytes }
  }

  private complexSquare(): Func {
    const factors = this.m.frame(2 * PAIR)
    const first = factors, second = i32.add(factors, PAIR)
    return this.m.func(`${this.modulus.name}_complexSquare`, ['i32', 'i32'], [], (f, dst, a) => {
      // (a0 + a1)·(a0 − a1) and 2·a1·a0
      for (const k of [0, 8, 16, 24, 32]) {
        const low = f.local('v128', v128.load64Splat(a!, k)), high = f.local('v128', v128.load64Splat(a!, ELEMENT + k))
        f.storeLane(first, k, i32x4.add(low, high), 0)
        f.storeLane(second, k, i32x4.sub(low, high), 0)
        f.storeLane(first, ELEMENT + k, i32x4.add(high, high), 0)
        f.storeLane(second, ELEMENT + k, low, 0)
      }
      f.call(this.mul, dst!, first, second)
    })
  }

  override turn(f: Body, dst: I32, a: I32): void {
    const imaginary = [0, 8, 16, 24, 32].map((k) => f.local('v128', v128.load64Splat(a, ELEMENT + k)))
    this.part(f, i32.add(dst, ELEMENT), a, (x) => x)
    imaginary.forEach((x, k) => f.storeLane(dst, 8 * k, i32x4.sub(v128.load(this.zero), x), 0))
  }

  override conjugate(f: Body, dst: I32, a: I32): void {
    this.part(f, dst, a, (x) => x)
    this.part(f, i32.add(dst, ELEMENT), i32.add(a, ELEMENT), (x) => i32x4.sub(v128.load(this.zero), x))
  }

  private buildReduce(f: Body, dst: I32, a: I32): void {
    const limb = Array.from({ length: LIMBS }, (_, k) => f.local('i64', i64.load32s(a, 4 * k)))
    const top = i64.add(i64.shl(limb[8]!, 29n), limb[7]!)
    const k = f.local('i64', this.nearestMultiple(top, Number((1n << 203n) * (1n << 100n) / this.p) / 2 ** 100))
    const p = balanced(this.p, BITS, LIMBS)
    for (let j = 0; j < LIMBS; j++) f.set(limb[j]!, i64.sub(limb[j]!, i64.mul(k, p[j]!)))
    this.storeCarried(f, dst, limb)
  }

  private each(f: Body, dst: I32, word: (k: number) => V128): void {
    for (let k = 0; k < PAIR / 16; k++) f.store(dst, 16 * k, word(k))
  }

  add(f: Body, dst: I32, a: I32, b: I32): void { this.each(f, dst, (k) => i32x4.add(v128.load(a, 16 * k), v128.load(b, 16 * k))) }
  sub(f: Body, dst: I32, a: I32, b: I32): void { this.each(f, dst, (k) => i32x4.sub(v128.load(a, 16 * k), v128.load(b, 16 * k))) }
  neg(f: Body, dst: I32, a: I32): void { this.each(f, dst, (k) => i32x4.sub(v128.load(this.zero), v128.load(a, 16 * k))) }
  override copy(f: Body, dst: I32, a: I32): void { this.each(f, dst, (k) => v128.load(a, 16 * k)) }
  double(f: Body, dst: I32, a: I32): void { this.add(f, dst, a, a) }

  private part(f: Body, dst: I32, source: I32, change: (x: V128) => V128): void {
    f.store(dst, 0, change(v128.load(source, 0)))
    f.store(dst, 16, change(v128.load(source, 16)))
    f.storeLane(dst, 32, change(v128.load64Splat(source, 32)), 0)
  }

  swap(f: Body, dst: I32, a: I32): void {
    const words = [0, 8, 16, 24, 32].map((k) => f.local('i64', i64.load(a, k)))
    this.part(f, dst, i32.add(a, ELEMENT), (x) => x)
    words.forEach((word, k) => f.store64(dst, ELEMENT + 8 * k, word))
  }

  butterfly(f: Body, dst: I32, a: I32): void {
    for (const k of [0, 8, 16, 24, 32]) {
      const x = f.local('v128', v128.load64Splat(a, k)), y = f.local('v128', v128.load64Splat(a, ELEMENT + k))
      f.storeLane(dst, k, i32x4.add(x, y), 0)
      f.storeLane(dst, ELEMENT + k, i32x4.sub(x, y), 0)
    }
  }

  gather(f: Body, dst: I32, a: I32, b: I32): void {
    this.part(f, dst, a, (x) => x)
    this.part(f, i32.add(dst, ELEMENT), b, (x) => x)
  }

  gatherSigned(f: Body, dst: I32, a: I32, b: I32, signA: Val<'i32'>, signB: Val<'i32'>): void {
    for (const [to, from, sign] of [[i32.of(dst), a, signA], [i32.add(dst, ELEMENT), b, signB]] as const) {
      const flip = f.local('v128', i32x4.splat(i32.sub(0, sign)))
      this.part(f, to, from, (x) => i32x4.sub(v128.xor(x, flip), flip))
    }
  }

  scatter(f: Body, pair: I32, lane: 0 | 1, to: I32): void { this.part(f, to, i32.add(pair, lane * ELEMENT), (x) => x) }
  setLane(f: Body, pair: I32, lane: I32, element: I32): void { this.part(f, i32.add(pair, i32.mul(lane, ELEMENT)), element, (x) => x) }
  getLane(f: Body, element: I32, pair: I32, lane: I32): void { this.part(f, element, i32.add(pair, i32.mul(lane, ELEMENT)), (x) => x) }

  protected limbToI64(at: I32, lane: I32, limb: number): Val<'i64'> {
    return i64.load32s(i32.add(at, i32.mul(lane, ELEMENT)), 4 * limb)
  }

  protected storeLimb(f: Body, element: I32, limb: number, value: Val<'i64'>): void {
    if (limb === LIMBS - 1) f.store64(element, 4 * limb, i64.and(value, 0xffffffffn))
    else f.storeLong32(element, 4 * limb, value)
  }

  encode(lane0: bigint, lane1: bigint): Uint8Array {
    const out = new Int32Array(PAIR / 4)
    balanced(lane0, BITS, LIMBS).forEach((x, k) => { out[k] = Number(x) })
    balanced(lane1, BITS, LIMBS).forEach((x, k) => { out[10 + k] = Number(x) })
    return new Uint8Array(out.buffer)
  }

  decode(bytes: Uint8Array): [bigint, bigint] {
    const limbs = new Int32Array(bytes.slice(0, PAIR).buffer)
    const read = (lane: number) => [8, 7, 6, 5, 4, 3, 2, 1, 0].reduce((sum, k) => (sum << 29n) + BigInt(limbs[10 * lane + k]!), 0n)
    return [read(0), read(1)]
  }
}
