// The few products of single points that a contribution takes, in integers; their time depends on the scalars.

import { BASE_ORDER as p } from '../wasm/machine.ts'
import { inverse, mod } from '../wasm/field.ts'
import { SCALAR_ORDER as r } from '../wasm/msm.ts'
import { power } from '../domain.ts'

export type E2 = readonly [bigint, bigint]
export interface Affine<E> { readonly x: E; readonly y: E }

interface FieldOf<E> {
  readonly zero: E
  readonly one: E
  add(a: E, b: E): E
  sub(a: E, b: E): E
  mul(a: E, b: E): E
  invert(a: E): E
  isZero(a: E): boolean
  /** A square root, or undefined. */
  root(a: E): E | undefined
  /** Above its negative, in the order that snarkjs takes. */
  isNegative(a: E): boolean
}

const half = (p - 1n) / 2n
const rootOf = (a: bigint): bigint | undefined => {
  const root = power(a, (p + 1n) / 4n, p)
  return mod(root * root - a, p) === 0n ? root : undefined
}

const prime: FieldOf<bigint> = {
  zero: 0n, one: 1n,
  add: (a, b) => mod(a + b, p), sub: (a, b) => mod(a - b, p), mul: (a, b) => (a * b) % p, invert: (a) => inverse(a, p),
  isZero: (a) => a === 0n, root: rootOf, isNegative: (a) => a > half,
}
const quadratic: FieldOf<E2> = {
  zero: [0n, 0n], one: [1n, 0n],
  add: (a, b) => [mod(a[0] + b[0], p), mod(a[1] + b[1], p)],
  sub: (a, b) => [mod(a[0] - b[0], p), mod(a[1] - b[1], p)],
  mul: (a, b) => [mod(a[0] * b[0] - a[1] * b[1], p), (a[0] * b[1] + a[1] * b[0]) % p],
  invert(a) { const n = inverse(a[0] * a[0] + a[1] * a[1], p); return [(a[0] * n) % p, mod(-a[1] * n, p)] },
  isZero: (a) => a[0] === 0n && a[1] === 0n,
  /** (x + y·i)² = a: x² = (a₀ ± √(a₀² + a₁²))/2, y = a₁/2x. */
  root(a) {
    if (a[1] === 0n) {
      const real = rootOf(a[0])
      if (real !== undefined) return [real, 0n]
      const imaginary = rootOf(mod(-a[0], p))
      return imaginary === undefined ? undefined : [0n, imaginary]
    }
    const norm = rootOf(mod(a[0] * a[0] + a[1] * a[1], p))
    if (norm === undefined) return undefined
    for (const n of [norm, p - norm]) {
      const x = rootOf(mod((a[0] + n) * inverse(2n, p), p))
      if (x === undefined || x === 0n) continue
      return [x, mod(a[1] * inverse(2n * x, p), p)]
    }
    return undefined
  },
  isNegative: (a) => (a[1] === 0n ? a[0] > half : a[1] > half),
}

/** y² = x³ + b over one of the two fields. */
export class Curve<E> {
  readonly field: FieldOf<E>
  readonly b: E
  readonly generator: Affine<E>
  /** Points of the curve over those of order r. */
  readonly cofactor: bigint

  constructor(field: FieldOf<E>, b: E, generator: Affine<E>, cofactor: bigint) {
    this.field = field
    this.b = b
    this.generator = generator
    this.cofactor = cofactor
  }

  private right(x: E): E {
    const { add, mul } = this.field
    return add(mul(mul(x, x), x), this.b)
  }

  /** On the curve, of order r. */
  contains(point: Affine<E>): boolean {
    const { sub, mul, isZero } = this.field
    return isZero(sub(mul(point.y, point.y), this.right(point.x))) && (this.cofactor === 1n || this.multiply(point, r) === undefined)
  }

  /** A point of the curve with this x, if there is one. */
  lift(x: E): Affine<E> | undefined {
    const y = this.field.root(this.right(x))
    return y === undefined ? undefined : { x, y }
  }

  /** The point that snarkjs draws with these. */
  draw(x: () => E, flag: () => boolean): Affine<E> {
    for (;;) {
      const at = x(), greater = flag(), lifted = this.lift(at)
      if (!lifted) continue
      const point = this.field.isNegative(lifted.y) === greater ? lifted : this.negate(lifted)
      return this.cofactor === 1n ? point : this.multiply(point, this.cofactor)!
    }
  }

  negate({ x, y }: Affine<E>): Affine<E> { return { x, y: this.field.sub(this.field.zero, y) } }

  equal(a: Affine<E>, b: Affine<E>): boolean {
    const { sub, isZero } = this.field
    return isZero(sub(a.x, b.x)) && isZero(sub(a.y, b.y))
  }

  /** scalar·point, undefined for infinity; scalar ≥ 0. Jacobian, dbl-2009-l and madd of the Explicit-Formulas Database. */
  multiply(point: Affine<E>, scalar: bigint): Affine<E> | undefined {
    const { zero, one, add, sub, mul, invert, isZero } = this.field
    let x = one, y = one, z = zero
    const twice = (a: E) => add(a, a)
    const double = () => {
      const a = mul(x, x), b = mul(y, y), c = mul(b, b), xb = add(x, b)
      const d = twice(sub(sub(mul(xb, xb), a), c)), e = add(twice(a), a)
      z = twice(mul(y, z))
      x = sub(mul(e, e), twice(d))
      y = sub(mul(e, sub(d, x)), twice(twice(twice(c))))
    }
    const addPoint = () => {
      if (isZero(z)) { [x, y, z] = [point.x, point.y, one]; return }
      const zz = mul(z, z), h = sub(mul(point.x, zz), x), s = sub(mul(point.y, mul(zz, z)), y)
      if (isZero(h)) {
        if (isZero(s)) double()
        else [x, y, z] = [one, one, zero]
        return
      }
      const hh = mul(h, h), hhh = mul(hh, h), v = mul(x, hh)
      x = sub(sub(mul(s, s), hhh), twice(v))
      y = sub(mul(s, sub(v, x)), mul(y, hhh))
      z = mul(z, h)
    }
    for (const bit of scalar.toString(2)) {
      double()
      if (bit === '1') addPoint()
    }
    if (isZero(z)) return undefined
    const i = invert(z), ii = mul(i, i)
    return { x: mul(x, ii), y: mul(y, mul(ii, i)) }
  }
}

export const G1 = new Curve(prime, 3n, { x: 1n, y: 2n }, 1n)
export const G2 = new Curve(quadratic, quadratic.mul([3n, 0n], quadratic.invert([9n, 1n])), {
  x: [10857046999023057135944570762232829481370756359578518086990519993285655852781n, 11559732032986387107991004021392285783925812861821192530917403151452391805634n],
  y: [8495653923123431417604973247489272438418190587263600148770280649306958101930n, 4082367875863433681332203403145435568316851327593401208105741076214120093531n],
}, 2n * p - r)
export type PointG1 = Affine<bigint>
export type PointG2 = Affine<E2>
