// A prime field of at most 254 bits in WebAssembly: what the curve, transform and pairing code may rely on.
//
// Every operation works on a *pair*: two independent elements side by side, 80 bytes, 16-byte aligned. Arrays that are
// read at random hold single *elements*, 40 bytes. Elements are in Montgomery form (x·R mod p) and lazily reduced:
// limbs are signed, values lie in a small interval around 0. The rules, checked by test/field.test.ts:
//
//   product, `reduce`   answers limbs of 1 unit (half a limb's range)
//   `add`, `sub`        units add up, and so do values; nothing is carried
//   product takes       factors whose units multiply to at most 4, and whose values multiply to at most 4·p²;
//                       it answers at most (value·value)/(2.64·p) + p/2 in absolute value
//   a square takes      1 unit (its cross products are doubled)
//   `reduce` takes      u units and v·p with u + v at most 7, and answers at most p/2 (a hair more)
//
// After `reduce`, 0 has one representation, so equality can be tested.

import { f64, i64, type Body, type Func, type I32, type Local, type Module, type Val } from './emit.ts'

export const PAIR = 80
export const ELEMENT = 40

export interface Modulus { readonly name: 'fp' | 'fr'; readonly value: bigint }

/**
 * Products of pairs read as elements of Fp[i]/(i² + 1). Sums of products are kept *wide*, 2·limbs columns each, and reduced
 * once: at most 6 products of units 1·1, or as many as that makes.
 */
export interface Complex {
  /** dst, a, b → dst = a·b. */
  readonly mul: Func
  /** dst, a → dst = a², a of 1 unit and p/2. */
  readonly sqr: Func
  /** wide, a, b → wide = a·b. */
  readonly wide: Func
  /** wide, a, b → wide += a·b. */
  readonly accumulate: Func
  /** dst, wide → dst = wide, reduced as a product is. */
  readonly finish: Func
  readonly wideBytes: number
}

export abstract class Field {
  readonly m: Module
  readonly modulus: Modulus
  readonly p: bigint
  /** Address of a pair of ones (Montgomery). */
  one!: number
  zero!: number
  /** dst, a, b → dst = a·b. Any of them may be the same. */
  mul!: Func
  /** dst, a → dst = a², a of 1 unit. */
  sqr!: Func
  /** dst, a, b, c, d → dst = a·b + c·d with one reduction. */
  dot!: Func
  /** dst, a, b, c, d, e, g → dst = a·b + c·d + e·g with one reduction; units multiply to at most 2 each. */
  dot3!: Func
  /** dst, a, b, c, d → dst = a·b − c·d. */
  dotSub!: Func
  /** dst, a → dst = a, carried and brought into [−p/2, p/2]. */
  reduce!: Func
  /** dst, source: `source` is 32 bytes, little endian, below 2^256; dst an element: limbs, not yet Montgomery. */
  unpack!: Func
  /** dst, pair, lane: 32 canonical little-endian bytes of a reduced pair's lane, as it stands (no Montgomery step). */
  pack!: Func
  /** pair → bit mask of the lanes that are 0, of a reduced pair. */
  zeros!: Func

  abstract readonly bits: number
  abstract readonly limbs: number

  constructor(m: Module, modulus: Modulus) {
    this.m = m
    this.modulus = modulus
    this.p = modulus.value
  }

  get R(): bigint { return 1n << BigInt(this.bits * this.limbs) }

  /** Dst += of whole pairs, inline. dst may be a or b. */
  abstract add(f: Body, dst: I32, a: I32, b: I32): void
  abstract sub(f: Body, dst: I32, a: I32, b: I32): void
  abstract neg(f: Body, dst: I32, a: I32): void
  copy(f: Body, dst: I32, a: I32): void { f.copy(dst, a, PAIR) }
  abstract double(f: Body, dst: I32, a: I32): void
  /** dst = (a, b) from two elements. */
  abstract gather(f: Body, dst: I32, a: I32, b: I32): void
  /** As `gather`, negating lane i where `sign[i]` (0 or 1) is set. */
  abstract gatherSigned(f: Body, dst: I32, a: I32, b: I32, signA: Val<'i32'>, signB: Val<'i32'>): void
  /** Element at `to` = lane of pair. */
  abstract scatter(f: Body, pair: I32, lane: 0 | 1, to: I32): void
  /** As `gather`, one lane, chosen at run time. */
  abstract setLane(f: Body, pair: I32, lane: I32, element: I32): void
  abstract getLane(f: Body, element: I32, pair: I32, lane: I32): void
  /** dst = (a0 + a1, a0 − a1) of the lanes of a. */
  abstract butterfly(f: Body, dst: I32, a: I32): void
  /** dst = lanes of a exchanged. */
  abstract swap(f: Body, dst: I32, a: I32): void
  /** Bytes of the pair (limbs of both lanes) for a value that is already in Montgomery form or deliberately not. */
  abstract encode(lane0: bigint, lane1: bigint): Uint8Array
  /** The integers that a pair's bytes stand for (not reduced, signed). */
  abstract decode(bytes: Uint8Array): [bigint, bigint]

  // A pair read as one element of Fp[i]/(i² + 1), lane 0 the real part:
  abstract buildComplex(): Complex
  /** dst = i·a, inline. */
  abstract turn(f: Body, dst: I32, a: I32): void
  /** dst = the complex conjugate, inline. */
  abstract conjugate(f: Body, dst: I32, a: I32): void

  /** Montgomery form, centred. */
  mont(x: bigint): bigint { return centred(mod(x * this.R, this.p), this.p) }
  constantPair(x: bigint, y: bigint = x): number { return this.m.constant(this.encode(this.mont(x), this.mont(y))) }
  /** A pair holding an integer as it stands: a factor of it multiplies by x/R. */
  plainPair(x: bigint): number { return this.m.constant(this.encode(centred(mod(x, this.p), this.p), centred(mod(x, this.p), this.p))) }

  protected abstract limbToI64(at: I32, lane: I32, limb: number): Val<'i64'>
  protected abstract storeLimb(f: Body, element: I32, limb: number, value: Val<'i64'>): void

  /** `unpack` and `pack`, the same for every limb size. */
  protected buildPacking(): void {
    const { bits, limbs, m } = this
    const mask = (1n << BigInt(bits)) - 1n
    this.unpack = m.func(`${this.modulus.name}_unpack`, ['i32', 'i32'], [], (f, dst, source) => {
      const words = [0, 1, 2, 3].map((k) => f.local('i64', i64.load(source!, 8 * k)))
      for (let k = 0; k < limbs; k++) {
        const word = (k * bits) >> 6, shift = (k * bits) & 63
        let limb: Val<'i64'> = word < 4 ? i64.shrU(words[word]!, BigInt(shift)) : i64.of(0n)
        if (shift + bits > 64 && word + 1 < 4) limb = i64.or(limb, i64.shl(words[word + 1]!, BigInt(64 - shift)))
        if (k < limbs - 1) limb = i64.and(limb, mask)
        this.storeLimb(f, dst!, k, limb)
      }
    })
    const P = Array.from({ length: limbs }, (_, k) => (this.p >> BigInt(k * bits)) & mask)
    this.pack = m.func(`${this.modulus.name}_pack`, ['i32', 'i32', 'i32'], [], (f, dst, pair, lane) => {
      const v: Local<'i64'>[] = []
      const w: Local<'i64'>[] = []
      // v = x + p, in [p/2, 3p/2]; w = v − p. Both with limbs in [0, 2^bits), except a negative top limb of w.
      const carried = (out: Local<'i64'>[], term: (k: number) => Val<'i64'>) => {
        const carry = f.local('i64', i64.of(0n))
        for (let k = 0; k < limbs; k++) {
          const t = f.local('i64', i64.add(term(k), carry))
          f.set(carry, i64.shrS(t, BigInt(bits)))
          out.push(f.local('i64', k < limbs - 1 ? i64.and(t, mask) : t))
        }
      }
      carried(v, (k) => i64.add(this.limbToI64(pair!, lane!, k), P[k]!))
      carried(w, (k) => i64.sub(v[k]!, P[k]!))
      const below = f.local('i32', i64.ltS(w[limbs - 1]!, 0n))
      for (let k = 0; k < limbs; k++) f.set(v[k]!, i64.select(v[k]!, w[k]!, below))
      for (let word = 0; word < 4; word++) {
        let value: Val<'i64'> = i64.of(0n)
        for (let k = 0; k < limbs; k++) {
          const at = k * bits - 64 * word
          if (at <= -bits || at >= 64) continue
          value = i64.or(value, at >= 0 ? i64.shl(v[k]!, BigInt(at)) : i64.shrU(v[k]!, BigInt(-at)))
        }
        f.store64(dst!, 8 * word, value)
      }
    })
  }

  protected nearestMultiple(top: Val<'i64'>, scale: number): Val<'i64'> {
    return i64.truncF64(f64.nearest(f64.mul(f64.convertS(top), scale)))
  }
}

export const mod = (x: bigint, p: bigint): bigint => ((x % p) + p) % p
export const centred = (x: bigint, p: bigint): bigint => (2n * x > p ? x - p : x)

/** Balanced digits of x in base 2^bits: all but the top in [−2^(bits−1), 2^(bits−1)). */
export function balanced(x: bigint, bits: number, limbs: number): bigint[] {
  const out: bigint[] = []
  for (let k = 0; k < limbs - 1; k++) {
    const digit = BigInt.asIntN(bits, x)
    out.push(digit)
    x = (x - digit) >> BigInt(bits)
  }
  return [...out, x]
}

export function inverse(a: bigint, n: bigint): bigint {
  let [r0, r1, s0, s1] = [n, mod(a, n), 0n, 1n]
  while (r1 !== 0n) {
    const q = r0 / r1
    ;[r0, r1] = [r1, r0 - q * r1]
    ;[s0, s1] = [s1, s0 - q * s1]
  }
  return mod(s0, n)
}
