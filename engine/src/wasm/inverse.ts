// Inversion: B. Kaliski's almost inverse ("The Montgomery inverse and its applications", IEEE Trans. Comp. 44(8), 1995),
// about 360 rounds of shifts and additions on 256-bit integers, then one product with a tabled power of two.
// Its time depends on the operand.

import { PAIR, inverse, mod, type Field } from './field.ts'
import { call, i32, i64, type Body, type Func, type Local, type Val } from './emit.ts'

type Wide = Local<'i64'>[]

/**
 * Builds `invert(dst, a)`, the inverse in both lanes. If a lane is 0, both lanes answer 0: callers with independent
 * lanes check first.
 */
export function buildInvert(field: Field): Func {
  const { m, p } = field
  const name = field.modulus.name
  // r = a⁻¹·2^k with a read as an integer x̂ = x·R, so x⁻¹·R = r · (R²·2^−k): as a factor of a Montgomery product, R³·2^−k.
  const table = Array.from({ length: 256 }, (_, i) => mod(field.R ** 3n * inverse(1n << BigInt(i + 253), p), p))
  const corrections = table.map((x) => field.plainPair(x))
  const frame = m.frame(6 * PAIR)
  const [product, swapped, words, canonical] = [0, 1, 2, 3].map((k) => i32.add(frame, PAIR * k)) as [Val<'i32'>, Val<'i32'>, Val<'i32'>, Val<'i32'>]

  const load = (f: Body, at: Val<'i32'>): Wide => [0, 1, 2, 3].map((k) => f.local('i64', i64.load(at, 8 * k)))
  const constant = (f: Body, x: bigint): Wide => [0n, 64n, 128n, 192n].map((s) => f.local('i64', i64.of((x >> s) & 0xffffffffffffffffn)))
  const halve = (f: Body, x: Wide) => x.forEach((word, k) =>
    f.set(word, k < 3 ? i64.or(i64.shrU(word, 1n), i64.shl(x[k + 1]!, 63n)) : i64.shrU(word, 1n)))
  const double = (f: Body, x: Wide) => [3, 2, 1, 0].forEach((k) =>
    f.set(x[k]!, k > 0 ? i64.or(i64.shl(x[k]!, 1n), i64.shrU(x[k - 1]!, 63n)) : i64.shl(x[k]!, 1n)))

  return m.func(`${name}_invert`, ['i32', 'i32'], [], (f, dst, a) => {
    const temp = f.local('i64'), borrow = f.local('i64'), difference: Wide = [0, 1, 2, 3].map(() => f.local('i64'))
    const addTo = (x: Wide, y: Wide) => {
      f.set(borrow, i64.of(0n))
      x.forEach((word, k) => {
        f.set(temp, i64.add(word, borrow))
        f.set(borrow, i64.extendU(i64.ltU(temp, borrow)))
        f.set(word, i64.add(temp, y[k]!))
        f.set(borrow, i64.add(borrow, i64.extendU(i64.ltU(word, temp))))
      })
    }
    /** difference = x − y; `borrow` is 1 where x < y. */
    const subtract = (x: Wide, y: Wide) => {
      f.set(borrow, i64.of(0n))
      x.forEach((word, k) => {
        f.set(temp, i64.sub(word, y[k]!))
        f.set(difference[k]!, i64.sub(temp, borrow))
        f.set(borrow, i64.or(i64.extendU(i64.ltU(word, y[k]!)), i64.extendU(i64.ltU(temp, borrow))))
      })
    }
    field.swap(f, swapped, a!)
    f.call(field.mul, product, a!, swapped)
    f.call(field.reduce, product, product)
    f.call(field.pack, words, product, 0)

    const u = constant(f, p), v = load(f, words), r = constant(f, 0n), s = constant(f, 1n)
    const k = f.local('i32', i32.of(0))
    f.if(i32.ne(call(field.zeros, product), 0), () => { field.copy(f, dst!, field.zero); f.return() })
    f.while(() => i64.ne(i64.or(i64.or(v[0]!, v[1]!), i64.or(v[2]!, v[3]!)), 0n), () => {
      f.if(i64.eqz(i64.and(u[0]!, 1n)), () => { halve(f, u); double(f, s) }, () => {
        f.if(i64.eqz(i64.and(v[0]!, 1n)), () => { halve(f, v); double(f, r) }, () => {
          subtract(v, u) // equal values must end in v = 0
          f.if(i64.eqz(borrow), () => {
            v.forEach((word, i) => f.set(word, difference[i]!))
            halve(f, v); addTo(s, r); double(f, r)
          }, () => {
            subtract(u, v)
            u.forEach((word, i) => f.set(word, difference[i]!))
            halve(f, u); addTo(r, s); double(f, s)
          })
        })
      })
      f.step(k, 1)
    })
    // Now r ≡ −x̂⁻¹·2^k, r < 2p < 2^255, and 254 ≤ k ≤ 508.
    r.forEach((word, i) => f.store64(words, 8 * i, word))
    f.call(field.unpack, canonical, words)
    field.gather(f, product, canonical, canonical)
    f.call(field.mul, product, product, i32.add(corrections[0]!, i32.mul(i32.sub(k, 253), PAIR)))
    field.neg(f, product, product)
    f.call(field.mul, dst!, swapped, product)
  })
}
