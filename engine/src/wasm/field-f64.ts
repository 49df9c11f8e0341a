// The field on relaxed SIMD: 5 limbs of 51 bits as doubles, two elements in the two lanes of each vector.
//
// A product of limbs is split by fused multiply-add (N. Emmart, "Faster modular exponentiation using double precision
// floating point arithmetic on the GPU", ARITH 2018, here with rounding to nearest and so signed halves):
//
//   hi = fma(a, b, C1)          C1 = 1.5·2^103, where one unit in the last place is 2^51
//   lo = fma(a, b, C1 + C3 − hi)    C3 = 1.5·2^52, where one unit in the last place is 1
//
// a·b = (hi − C1) + (lo − C3) exactly while |a·b| < 2^102, and as bit patterns the two count whole units, so columns are
// summed as 64-bit integers; the constants' bit patterns are taken off once per column, in its first term.
//
// Reduction (Montgomery, from the low limb up) in two kinds of step. Steps 0–2 replace the lowest limb x by x·F one limb
// up, F = 2^−51 mod p: no quotient to compute. Steps 3 and 4 are classical (add q·p with q = −x/p mod 2^51), so that the
// result is below p/2 + a·b/R.

import { Field, PAIR, balanced, centred, inverse, type Complex, type Modulus } from './field.ts'
import { f64, f64x2, i32, i64, i64x2, v128, type Body, type Func, type I32, type Local, type Module, type V128, type Val } from './emit.ts'

const BITS = 51, LIMBS = 5
const M = 1n << 51n
const C1 = 1.5 * 2 ** 103, C3 = 1.5 * 2 ** 52
const bitsOf = (x: number): bigint => new BigUint64Array(new Float64Array([x]).buffer)[0]!
const OFFSET = 1n << 58n // keeps columns positive where they are shifted: a multiple of 2^51 above any column's sum
const HALF = 1n << 50n
const CHEAP_STEPS = 3

/** Limb k of a factor, when it is not simply what lies in memory. */
type Limbs = (k: number) => V128
const limbsAt = (x: I32 | Limbs): Limbs => (typeof x === 'function' ? x : (k) => v128.load(x, 16 * k))
const localLimbs = (f: Body, limbs: Limbs): Limbs => {
  const locals = Array.from({ length: LIMBS }, (_, k) => f.local('v128', limbs(k)))
  return (k) => locals[k]!
}

interface Term { a: I32 | Limbs; b: I32 | Limbs; negative?: boolean }
interface Columns {
  sums: Local<'v128'>[]
  c1: Val<'v128'>
  c2: Val<'v128'>
  /** Column k += a bit pattern that exceeds its meaning by `bias`. */
  add(k: number, term: V128, bias: bigint): void
  multiplyAdd(a: V128, b: V128, k: number): void
  /** What column k must exceed its true value by when it is next read. */
  settle(k: number, target: bigint): void
}

export class FieldF64 extends Field {
  readonly bits = BITS
  readonly limbs = LIMBS
  private readonly c: { c1: number; c2: number; c3: number; mask: number; two52: number; two52Half: number; pinv: number; p: number[]; fold: number[]; scale: number; down: number; alternate: number; minusLeft: number; minusRight: number }

  constructor(m: Module, modulus: Modulus) {
    super(m, modulus)
    const fold = centred(inverse(M, this.p), this.p)
    this.c = {
      c1: m.constantF64(C1), c2: m.constantF64(C1 + C3), c3: m.constantF64(C3),
      mask: m.constant64(M - 1n), two52: m.constant64(bitsOf(2 ** 52)), two52Half: m.constantF64(2 ** 52 + 2 ** 50),
      pinv: m.constantF64(Number(BigInt.asIntN(51, -inverse(this.p, M)))),
      p: balanced(this.p, BITS, LIMBS).map((x) => m.constantF64(Number(x))),
      fold: balanced(fold, BITS, LIMBS).map((x) => m.constantF64(Number(x))),
      scale: m.constantF64(-Number((1n << 204n) * (1n << 160n) / this.p) / 2 ** 160), down: m.constantF64(2 ** -51),
      alternate: m.constant(new Uint8Array(new Float64Array([1, -1]).buffer)),
      minusLeft: m.constant(new Uint8Array(new Float64Array([-0, 0]).buffer)), minusRight: m.constant(new Uint8Array(new Float64Array([0, -0]).buffer)),
    }
    this.one = this.constantPair(1n)
    this.zero = this.constantPair(0n)
    const pointers = (n: number) => Array<'i32'>(n).fill('i32')
    this.mul = m.func(`${modulus.name}_mul`, pointers(3), [], (f, dst, a, b) => this.product(f, dst!, [{ a: a!, b: b! }]))
    this.sqr = m.func(`${modulus.name}_sqr`, pointers(2), [], (f, dst, a) => this.product(f, dst!, [{ a: a!, b: a! }]))
    this.dot = m.func(`${modulus.name}_dot`, pointers(5), [], (f, dst, a, b, c, d) => this.product(f, dst!, [{ a: a!, b: b! }, { a: c!, b: d! }]))
    this.dot3 = m.func(`${modulus.name}_dot3`, pointers(7), [], (f, dst, a, b, c, d, e, g) => this.product(f, dst!, [{ a: a!, b: b! }, { a: c!, b: d! }, { a: e!, b: g! }]))
    this.dotSub = m.func(`${modulus.name}_dotSub`, pointers(5), [], (f, dst, a, b, c, d) => this.product(f, dst!, [{ a: a!, b: b! }, { a: c!, b: d!, negative: true }]))
    this.reduce = m.func(`${modulus.name}_reduce`, pointers(2), [], (f, dst, a) => this.buildReduce(f, dst!, a!))
    this.zeros = m.func(`${modulus.name}_zeros`, pointers(1), ['i32'], (f, a) => {
      let all: V128 = f64x2.eq(v128.load(a!, 0), v128.load(this.zero))
      for (let k = 1; k < LIMBS; k++) all = v128.and(all, f64x2.eq(v128.load(a!, 16 * k), v128.load(this.zero)))
      f.result(i64x2.bitmask(all))
    })
    this.buildPacking()
  }

  /** Column sums under construction, as 64-bit integers; `bias` is what each holds above its true value. */
  private columns(f: Body): Columns {
    const sums: Local<'v128'>[] = [], bias: bigint[] = Array(2 * LIMBS + 1).fill(0n), inits: number[] = []
    const c1 = f.local('v128', v128.load(this.c.c1)), c2 = f.local('v128', v128.load(this.c.c2))
    const add = (k: number, term: V128, patternBias: bigint) => {
      bias[k]! += patternBias
      if (!sums[k]) {
        // Its first term also takes the correction, known when all is emitted.
        inits[k] = this.m.constant64(0n)
        sums[k] = f.local('v128', i64x2.add(term, v128.load(inits[k]!)))
      } else f.set(sums[k]!, i64x2.add(sums[k]!, term))
    }
    return {
      sums, c1, c2, add,
      multiplyAdd: (a, b, k) => {
        const hi = f.local('v128', f64x2.madd(a, b, c1))
        add(k + 1, hi, bitsOf(C1))
        add(k, f64x2.madd(a, b, f64x2.sub(c2, hi)), bitsOf(C3))
      },
      settle: (k, target) => this.m.patch64(inits[k]!, target - bias[k]!),
    }
  }

  private product(f: Body, dst: I32, terms: Term[]): void {
    const columns = this.columns(f)
    const row = this.rows(f, columns, terms)
    this.montgomery(f, dst, columns, row)
  }

  /** Emits row i of the products: limb i of one factor by all limbs of the other. */
  private rows(f: Body, { multiplyAdd }: Columns, terms: Term[]): (i: number) => void {
    const square = terms.length === 1 && terms[0]!.a === terms[0]!.b
    const locals = terms.map(({ a, b, negative }) => ({
      a: (k: number) => (negative ? f64x2.neg(limbsAt(a)(k)) : limbsAt(a)(k)),
      b: typeof b === 'function' ? b : localLimbs(f, limbsAt(b)),
    }))
    return (i) => {
      for (const { a, b } of locals) {
        if (square) {
          multiplyAdd(b(i), b(i), 2 * i)
          if (i + 1 < LIMBS) {
            const twice = f.local('v128', f64x2.add(b(i), b(i)))
            for (let j = i + 1; j < LIMBS; j++) multiplyAdd(twice, b(j), i + j)
          }
        } else {
          const ai = f.local('v128', a(i))
          for (let j = 0; j < LIMBS; j++) multiplyAdd(ai, b(j), i + j)
        }
      }
    }
  }

  /** Reduces the columns to an element at dst; `row(i)` adds what column i still lacks. */
  private montgomery(f: Body, dst: I32, { sums, c1, c2, add, multiplyAdd, settle }: Columns, row: (i: number) => void): void {
    const { c } = this
    const load = (at: number) => v128.load(at)
    const lowLimb = (column: V128): V128 =>
      f64x2.sub(v128.or(v128.and(column, load(c.mask)), load(c.two52)), load(c.two52Half))
    for (let i = 0; i < LIMBS; i++) {
      row(i)
      const column = sums[i]!
      settle(i, OFFSET + HALF)
      const x = f.local('v128', lowLimb(column))
      if (i < CHEAP_STEPS) {
        add(i + 1, i64x2.shrU(column, BITS), OFFSET / M)
        for (let j = 0; j < LIMBS; j++) multiplyAdd(x, load(c.fold[j]!), i + 1 + j)
      } else {
        const pinv = f.local('v128', load(c.pinv))
        const high = f.local('v128', f64x2.madd(x, pinv, c1))
        const q = f.local('v128', f64x2.madd(x, pinv, f64x2.sub(c1, high)))
        const hi = f.local('v128', f64x2.madd(q, load(c.p[0]!), c1))
        const lo = f64x2.madd(q, load(c.p[0]!), f64x2.sub(c2, hi))
        add(i + 1, i64x2.shrU(i64x2.add(column, lo), BITS), (OFFSET + bitsOf(C3)) / M)
        add(i + 1, hi, bitsOf(C1))
        for (let j = 1; j < LIMBS; j++) multiplyAdd(q, load(c.p[j]!), i + j)
      }
    }
    for (let k = 0; k < LIMBS - 1; k++) {
      const column = sums[LIMBS + k]!
      settle(LIMBS + k, OFFSET + HALF)
      f.store(dst, 16 * k, lowLimb(column))
      add(LIMBS + k + 1, i64x2.shrU(column, BITS), OFFSET / M)
    }
    settle(2 * LIMBS - 1, bitsOf(C3))
    f.store(dst, 16 * (LIMBS - 1), f64x2.sub(sums[2 * LIMBS - 1]!, load(c.c3)))
  }

  private complexTerms(f: Body, a: I32, b: I32): Term[] {
    // (a0 + a1·i)·b = a0·b + a1·(i·b), lane by lane
    return [{ a: (k) => v128.load64Splat(a, 16 * k), b }, { a: (k) => v128.load64Splat(a, 16 * k + 8), b: localLimbs(f, this.turned(b)) }]
  }

  override buildComplex(): Complex {
    const { m } = this, { name } = this.modulus
    const mul = m.func(`${name}_complexMul`, ['i32', 'i32', 'i32'], [], (f, dst, a, b) => this.product(f, dst!, this.complexTerms(f, a!, b!)))
    const wide = (suffix: string, adds: boolean) => m.func(`${name}_${suffix}`, ['i32', 'i32', 'i32'], [], (f, dst, a, b) => {
      const columns = this.columns(f)
      const row = this.rows(f, columns, this.complexTerms(f, a!, b!))
      const finish = (k: number) => {
        if (adds) columns.add(k, v128.load(dst!, 16 * k), 0n)
        columns.settle(k, 0n)
        f.store(dst!, 16 * k, columns.sums[k]!)
      }
      for (let i = 0; i < LIMBS; i++) { row(i); finish(i) }
      for (let k = LIMBS; k < 2 * LIMBS; k++) finish(k)
    })
    const finish = m.func(`${name}_complexFinish`, ['i32', 'i32'], [], (f, dst, a) => {
      const columns = this.columns(f)
      for (let k = 0; k < 2 * LIMBS; k++) columns.add(k, v128.load(a!, 16 * k), 0n)
      this.montgomery(f, dst!, columns, () => {})
    })
    return { mul, sqr: this.complexSquare(), wide: wide('complexWide', false), accumulate: wide('complexAccumulate', true), finish, wideBytes: 2 * LIMBS * 16 }
  }

  private complexSquare(): Func {
    return this.m.func(`${this.modulus.name}_complexSquare`, ['i32', 'i32'], [], (f, dst, a) => {
      // (a0 + a1)·(a0 − a1) and 2·a1·a0
      const low = (k: number) => v128.load64Splat(a!, 16 * k), high = (k: number) => v128.load64Splat(a!, 16 * k + 8)
      const onlyLeft = f.local('v128', i64x2.replace1(i64x2.splat(-1n), 0n))
      this.product(f, dst!, [{ a: (k) => f64x2.add(v128.load(a!, 16 * k), high(k)), b: localLimbs(f, (k) => f64x2.sub(low(k), v128.and(onlyLeft, high(k)))) }])
    })
  }

  private turned(a: I32): Limbs { return (k) => v128.xor(v128.swap(v128.load(a, 16 * k)), v128.load(this.c.minusLeft)) }
  override turn(f: Body, dst: I32, a: I32): void { this.each(f, dst, this.turned(a)) }
  override conjugate(f: Body, dst: I32, a: I32): void { this.each(f, dst, (k) => v128.xor(v128.load(a, 16 * k), v128.load(this.c.minusRight))) }

  private buildReduce(f: Body, dst: I32, a: I32): void {
    const { c } = this
    const c3 = f.local('v128', v128.load(c.c3))
    const limb = Array.from({ length: LIMBS }, (_, k) => f.local('v128', v128.load(a, 16 * k)))
    // −round(x / p), from the top limb
    const k = f.local('v128', f64x2.sub(f64x2.add(f64x2.mul(limb[4]!, v128.load(c.scale)), c3), c3))
    for (let j = 0; j < LIMBS; j++) f.set(limb[j]!, f64x2.madd(k, v128.load(c.p[j]!), limb[j]!))
    const c1 = f.local('v128', v128.load(c.c1)), down = f.local('v128', v128.load(c.down))
    for (let j = 0; j < LIMBS - 1; j++) {
      const carry = f.local('v128', f64x2.sub(f64x2.add(limb[j]!, c1), c1))
      f.store(dst, 16 * j, f64x2.sub(limb[j]!, carry))
      f.set(limb[j + 1]!, f64x2.madd(carry, down, limb[j + 1]!))
    }
    f.store(dst, 64, limb[4]!)
  }

  private each(f: Body, dst: I32, limb: (k: number) => V128): void {
    for (let k = 0; k < LIMBS; k++) f.store(dst, 16 * k, limb(k))
  }

  add(f: Body, dst: I32, a: I32, b: I32): void { this.each(f, dst, (k) => f64x2.add(v128.load(a, 16 * k), v128.load(b, 16 * k))) }
  sub(f: Body, dst: I32, a: I32, b: I32): void { this.each(f, dst, (k) => f64x2.sub(v128.load(a, 16 * k), v128.load(b, 16 * k))) }
  neg(f: Body, dst: I32, a: I32): void { this.each(f, dst, (k) => f64x2.neg(v128.load(a, 16 * k))) }
  override copy(f: Body, dst: I32, a: I32): void { this.each(f, dst, (k) => v128.load(a, 16 * k)) }
  double(f: Body, dst: I32, a: I32): void { this.add(f, dst, a, a) }
  swap(f: Body, dst: I32, a: I32): void { this.each(f, dst, (k) => v128.swap(v128.load(a, 16 * k))) }

  butterfly(f: Body, dst: I32, a: I32): void {
    this.each(f, dst, (k) => f64x2.add(f64x2.mul(v128.load(a, 16 * k), v128.load(this.c.alternate)), v128.swap(v128.load(a, 16 * k))))
  }

  gather(f: Body, dst: I32, a: I32, b: I32): void {
    this.each(f, dst, (k) => v128.load64Lane1(b, 8 * k, v128.load64Splat(a, 8 * k)))
  }

  gatherSigned(f: Body, dst: I32, a: I32, b: I32, signA: Val<'i32'>, signB: Val<'i32'>): void {
    const flip = f.local('v128', i64x2.shl(i64x2.replace1(i64x2.splat(i64.extendU(signA)), i64.extendU(signB)), 63))
    this.each(f, dst, (k) => v128.xor(flip, v128.load64Lane1(b, 8 * k, v128.load64Splat(a, 8 * k))))
  }

  scatter(f: Body, pair: I32, lane: 0 | 1, to: I32): void {
    for (let k = 0; k < LIMBS; k++) f.storeLane(to, 8 * k, v128.load(pair, 16 * k), lane)
  }

  setLane(f: Body, pair: I32, lane: I32, element: I32): void {
    const at = f.local('i32', i32.add(pair, i32.shl(lane, 3)))
    for (let k = 0; k < LIMBS; k++) f.storeF64(at, 16 * k, f64.load(element, 8 * k))
  }

  getLane(f: Body, element: I32, pair: I32, lane: I32): void {
    const at = f.local('i32', i32.add(pair, i32.shl(lane, 3)))
    for (let k = 0; k < LIMBS; k++) f.storeF64(element, 8 * k, f64.load(at, 16 * k))
  }

  protected limbToI64(at: I32, lane: I32, limb: number): Val<'i64'> {
    return i64.truncF64(f64.load(i32.add(at, i32.shl(lane, 3)), 16 * limb))
  }

  protected storeLimb(f: Body, element: I32, limb: number, value: Val<'i64'>): void {
    f.storeF64(element, 8 * limb, f64.convertS(value))
  }

  encode(lane0: bigint, lane1: bigint): Uint8Array {
    const out = new Float64Array(2 * LIMBS)
    balanced(lane0, BITS, LIMBS).forEach((x, k) => { out[2 * k] = Number(x) })
    balanced(lane1, BITS, LIMBS).forEach((x, k) => { out[2 * k + 1] = Number(x) })
    return new Uint8Array(out.buffer)
  }

  decode(bytes: Uint8Array): [bigint, bigint] {
    const limbs = new Float64Array(bytes.slice(0, PAIR).buffer)
    const read = (lane: number) => [4, 3, 2, 1, 0].reduce((sum, k) => (sum << 51n) + BigInt(limbs[2 * k + lane]!), 0n)
    return [read(0), read(1)]
  }
}
