// Faster bodies for five functions of the modules that circom writes; operands and results as circom's own:
//
//   elements       32 bytes, little-endian, below the prime; in Montgomery form x·2^256 where a product is asked for
//   signals        40 bytes: a short integer, type bits, an element
//
// Products: P. Montgomery, "Modular multiplication without trial division", 1985, on limbs of 29 bits whose products are summed in 64
// bits without carries. Inverses: B. Kaliski, "The Montgomery inverse and its applications", IEEE Trans. Comp. 44(8), 1995, all
// zero bits of a round shifted out at once.

import { functionBytes, i32, i64, v128, type Body, type Local, type Val } from '../wasm/emit.ts'
import { inverse } from '../wasm/field.ts'
import { SCALAR_ORDER } from '../wasm/msm.ts'

type Words = Local<'i64'>[]
const WORDS = [0, 1, 2, 3] // of 64 bits
const BITS = 29, LIMBS = 9, LAST = 24 // 256 = 8·29 + 24
const MASK = (1n << BigInt(BITS)) - 1n

const limbsOf = (x: bigint) => Array.from({ length: LIMBS }, (_, i) => (x >> BigInt(BITS * i)) & MASK)

/** copy(to, from): a signal. */
export const copySignal = functionBytes(2, (f, to, from) => {
  const [a, b] = [f.local('v128', v128.load(from!)), f.local('v128', v128.load(from!, 16))], c = f.local('i64', i64.load(from!, 32))
  f.store(to!, 0, a)
  f.store(to!, 16, b)
  f.store64(to!, 32, c)
})

/** multiply(a, b, to): a·b·2^−256. */
export const multiply = functionBytes(3, (f, a, b, to) => productInto(f, limbsAt(f, a!), limbsAt(f, b!), to!))

/** square(a, to): a product of limbs that differ is there twice. */
export const square = functionBytes(2, (f, a, to) => {
  const limbs = limbsAt(f, a!), twice = limbs.map((limb) => f.local('i64', i64.shl(limb, 1n)))
  const sums = Array.from({ length: LIMBS }, () => f.local('i64', i64.of(0n)))
  storeReduced(f, reduced(f, sums, (i, window) => window.forEach((sum, j) => {
    if (j >= i) f.set(sum, i64.add(sum, i64.mul(limbs[i]!, i === j ? limbs[j]! : twice[j]!)))
  })), to!)
})

/** leave(a, to): a·2^−256. */
export const leaveMontgomery = functionBytes(2, (f, a, to) => storeReduced(f, reduced(f, limbsAt(f, a!), () => {}), to!))

function limbsAt(f: Body, at: Val<'i32'>): Words {
  const words = WORDS.map((k) => f.local('i64', i64.load(at, 8 * k)))
  return Array.from({ length: LIMBS }, (_, i) => {
    const word = Math.floor((BITS * i) / 64), shift = (BITS * i) % 64
    const low = i64.shrU(words[word]!, BigInt(shift))
    const all = shift + BITS > 64 && word < 3 ? i64.or(low, i64.shl(words[word + 1]!, BigInt(64 - shift))) : low
    return f.local('i64', i64.and(all, MASK))
  })
}

function productInto(f: Body, a: Words, b: Words, to: Val<'i32'>): void {
  const sums = Array.from({ length: LIMBS }, () => f.local('i64', i64.of(0n)))
  storeReduced(f, reduced(f, sums, (i, window) => window.forEach((sum, j) => f.set(sum, i64.add(sum, i64.mul(a[i]!, b[j]!))))), to)
}

/**
 * The limbs' value times 2^−256, below 2p, as words. `add(i, window)` adds to the window of limbs i … i + 8 what they still lack, before
 * multiples of p make limb i's bits 0. Products of limbs have 58 bits: 18 of them and a carry fit into 64.
 */
function reduced(f: Body, limbs: Words, add: (i: number, window: Words) => void): Words {
  const p = limbsOf(SCALAR_ORDER), negatedInverse = (1n << BigInt(BITS)) - inverse(SCALAR_ORDER, 1n << BigInt(BITS)), m = f.local('i64')
  let window = [...limbs]
  for (let i = 0; i < LIMBS; i++) {
    add(i, window)
    f.set(m, i64.and(i64.mul(window[0]!, negatedInverse), i === LIMBS - 1 ? (1n << BigInt(LAST)) - 1n : MASK))
    window.forEach((sum, j) => f.set(sum, i64.add(sum, i64.mul(m, p[j]!))))
    if (i === LIMBS - 1) break
    const [spent, ...others] = window as [Local<'i64'>, ...Words]
    f.set(others[0]!, i64.add(others[0]!, i64.shrU(spent, BigInt(BITS))))
    f.set(spent, i64.of(0n))
    window = [...others, spent]
  }
  for (let j = 0; j + 1 < LIMBS; j++) {
    f.set(window[j + 1]!, i64.add(window[j + 1]!, i64.shrU(window[j]!, BigInt(BITS))))
    f.set(window[j]!, i64.and(window[j]!, MASK))
  }
  return WORDS.map((k) => {
    const from = LAST + 64 * k // the first of the word's bits
    const parts = window.flatMap((sum, j) => {
      const shift = BITS * j - from
      if (shift <= -BITS && j < LIMBS - 1 || shift >= 64) return []
      return [shift < 0 ? i64.shrU(sum, BigInt(-shift)) : i64.shl(sum, BigInt(shift))]
    })
    return f.local('i64', parts.reduce((all, part) => i64.or(all, part)))
  })
}

/** value or value − p, for value < 2p. */
function storeReduced(f: Body, value: Words, to: Val<'i32'>): void {
  const difference = WORDS.map(() => f.local('i64')), borrow = f.local('i64')
  subtract(f, value, WORDS.map((k) => i64.of((SCALAR_ORDER >> BigInt(64 * k)) & 0xffffffffffffffffn)), difference, borrow)
  value.forEach((word, k) => f.store64(to, 8 * k, i64.select(word, difference[k]!, i32.wrap(borrow))))
}

/** difference ← x − y mod 2^256; borrow ← 1 where x < y, else 0. */
function subtract(f: Body, x: readonly Val<'i64'>[], y: readonly Val<'i64'>[], difference: Words, borrow: Local<'i64'>): void {
  const partial = f.local('i64')
  WORDS.forEach((k) => {
    f.set(partial, i64.sub(x[k]!, y[k]!))
    if (k === 0) {
      f.set(difference[k]!, partial)
      f.set(borrow, i64.extendU(i64.ltU(x[k]!, y[k]!)))
    } else {
      f.set(difference[k]!, i64.sub(partial, borrow))
      f.set(borrow, i64.or(i64.extendU(i64.ltU(x[k]!, y[k]!)), i64.extendU(i64.ltU(partial, borrow))))
    }
  })
}

/**
 * invert(x, modulus, to): x⁻¹, no Montgomery form; 0 for 0. With u·s + v·r = modulus all along, x·r ≡ −u·2^k and x·s ≡ v·2^k, nothing
 * grows beyond the modulus.
 */
export const invert = functionBytes(3, (f, x, modulus, to) => {
  const at = (from: Val<'i32'>) => WORDS.map((k) => f.local('i64', i64.load(from, 8 * k)))
  const constant = (low: bigint) => WORDS.map((k) => f.local('i64', i64.of(k === 0 ? low : 0n)))
  const u = at(modulus!), v = at(x!), r = constant(0n), s = constant(1n)
  const difference = WORDS.map(() => f.local('i64')), borrow = f.local('i64')
  const k = f.local('i64', i64.of(0n)), n = f.local('i64'), rest = f.local('i64'), carry = f.local('i64'), sum = f.local('i64')
  const isZero = (words: Words) => i64.eqz(i64.or(i64.or(words[0]!, words[1]!), i64.or(words[2]!, words[3]!)))

  /** Shifts `even` right until it is odd, `other` left by as much. */
  const shiftOut = (even: Words, other: Words) => {
    f.while(() => i64.eqz(i64.and(even[0]!, 1n)), () => {
      f.set(n, i64.ctz(even[0]!))
      f.set(n, i64.select(n, 32n, i64.ltU(n, 32n))) // another round for more
      f.set(rest, i64.sub(64n, n))
      even.forEach((word, i) => f.set(word, i < 3 ? i64.or(i64.shrU(word, n), i64.shl(even[i + 1]!, rest)) : i64.shrU(word, n)))
      for (const i of [3, 2, 1, 0]) f.set(other[i]!, i > 0 ? i64.or(i64.shl(other[i]!, n), i64.shrU(other[i - 1]!, rest)) : i64.shl(other[i]!, n))
      f.set(k, i64.add(k, n))
    })
  }
  const addTo = (words: Words, more: Words) => words.forEach((word, i) => {
    f.set(sum, i === 0 ? i64.add(word, more[i]!) : i64.add(i64.add(word, more[i]!), carry))
    if (i < 3) f.set(carry, i === 0 ? i64.extendU(i64.ltU(sum, word)) : i64.extendU(i32.or(i64.ltU(sum, word), i32.and(i32.wrap(carry), i64.eq(sum, word)))))
    f.set(word, sum)
  })

  f.if(isZero(v), () => {
    for (const i of WORDS) f.store64(to!, 8 * i, 0n)
    f.return()
  })
  shiftOut(v, r)
  f.while(() => i32.eqz(isZero(v)), () => {
    subtract(f, v, u, difference, borrow)
    f.if(i64.eqz(borrow), () => {
      v.forEach((word, i) => f.set(word, difference[i]!))
      addTo(s, r)
      f.if(i32.eqz(isZero(v)), () => shiftOut(v, r))
    }, () => {
      subtract(f, u, v, difference, borrow)
      u.forEach((word, i) => f.set(word, difference[i]!))
      addTo(r, s)
      shiftOut(u, s)
    })
  })
  divideByPower(f, r, k, modulus!)
  // r is −x⁻¹
  subtract(f, at(modulus!), r, difference, borrow)
  difference.forEach((word, i) => f.store64(to!, 8 * i, word))
})

/** value ← value·2^−k modulo the odd modulus, 32 bits a round: multiples of the modulus make the lowest bits 0. */
function divideByPower(f: Body, value: Words, k: Local<'i64'>, modulus: Val<'i32'>): void {
  const halves = value.flatMap((word) => [f.local('i64', i64.and(word, 0xffffffffn)), f.local('i64', i64.shrU(word, 32n))])
  const lowest = f.local('i64', i64.load32u(modulus)), inverted = f.local('i64', lowest), m = f.local('i64'), carry = f.local('i64'), bits = f.local('i64'), mask = f.local('i64')
  for (let known = 3; known < 32; known *= 2) f.set(inverted, i64.mul(inverted, i64.sub(2n, i64.mul(lowest, inverted)))) // Newton: twice the bits
  f.set(inverted, i64.sub(0n, inverted))
  f.while(() => i64.ne(k, 0n), () => {
    f.set(bits, i64.select(k, 32n, i64.ltU(k, 32n)))
    f.set(mask, i64.sub(i64.shl(1n, bits), 1n))
    f.set(k, i64.sub(k, bits))
    f.set(m, i64.and(i64.mul(halves[0]!, inverted), mask))
    f.set(carry, i64.of(0n))
    halves.forEach((half, i) => {
      f.set(carry, i64.add(i64.add(i64.mul(m, i64.load32u(modulus, 4 * i)), half), carry))
      f.set(half, i64.and(carry, 0xffffffffn))
      f.set(carry, i64.shrU(carry, 32n))
    })
    halves.forEach((half, i) => f.set(half, i64.and(i64.or(i64.shrU(half, bits), i64.shl(halves[i + 1] ?? carry, i64.sub(32n, bits))), 0xffffffffn)))
  })
  value.forEach((word, i) => f.set(word, i64.or(halves[2 * i]!, i64.shl(halves[2 * i + 1]!, 32n))))
}
