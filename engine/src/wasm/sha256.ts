// SHA-256 (FIPS 180-4) of 32 bytes, over and over: what a beacon's randomness goes through before a key is drawn from it.

import { i32, type Func, type Module, type Val } from './emit.ts'

const PRIMES = Array.from({ length: 310 }, (_, i) => i + 2).filter((n, _, all) => all.every((d) => d >= n || n % d !== 0))
/** The first 32 bits after the point of n^(1/k). */
function fraction(n: number, k: number): number {
  const power = BigInt(n) << BigInt(32 * k)
  let root = 0n
  for (let bit = 1n << 40n; bit > 0n; bit >>= 1n) if ((root | bit) ** BigInt(k) <= power) root |= bit
  return Number(BigInt.asIntN(32, root))
}
const START = PRIMES.slice(0, 8).map((n) => fraction(n, 2))
const ROUND = PRIMES.slice(0, 64).map((n) => fraction(n, 3))

/** `sha256_repeat(digest, times)`: eight words ← their hash, so many times. Words are numbers here: bytes swapped by the caller. */
export function buildSha256(m: Module): Func {
  return m.func('sha256_repeat', ['i32', 'i32'], [], (f, at, times) => {
    const digest = START.map((_, k) => f.local('i32', i32.load(at!, 4 * k)))
    const v = START.map(() => f.local('i32')), w = Array.from({ length: 16 }, () => f.local('i32')), sum = f.local('i32')
    const rotations = (x: Val<'i32'>, a: number, b: number, last: Val<'i32'>) => i32.xor(i32.xor(i32.rotr(x, a), i32.rotr(x, b)), last)
    f.for(0, times!, 1, () => {
      w.forEach((word, k) => f.set(word, digest[k] ?? i32.of(k === 8 ? 1 << 31 : k === 15 ? 256 : 0)))
      v.forEach((word, k) => f.set(word, i32.of(START[k]!)))
      for (let round = 0; round < 64; round++) {
        const word = w[round % 16]!, next = w[(round + 1) % 16]!, middle = w[(round + 9) % 16]!, late = w[(round + 14) % 16]!
        if (round >= 16) {
          const mixed = i32.add(rotations(next, 7, 18, i32.shrU(next, 3)), rotations(late, 17, 19, i32.shrU(late, 10)))
          f.set(word, i32.add(i32.add(word, middle), mixed))
        }
        // What was a is b in the next round, and so on.
        const role = (k: number) => v[(k + 64 - round) % 8]!
        const a = role(0), b = role(1), c = role(2), d = role(3), e = role(4), last = role(7)
        const choice = i32.xor(role(6), i32.and(e, i32.xor(role(5), role(6)))), majority = i32.or(i32.and(a, b), i32.and(c, i32.or(a, b)))
        f.set(sum, i32.add(i32.add(i32.add(last, word), i32.add(choice, ROUND[round]!)), rotations(e, 6, 11, i32.rotr(e, 25))))
        f.set(d, i32.add(d, sum))
        f.set(last, i32.add(sum, i32.add(majority, rotations(a, 2, 13, i32.rotr(a, 22)))))
      }
      digest.forEach((word, k) => f.set(word, i32.add(v[k]!, START[k]!)))
    })
    digest.forEach((word, k) => f.store32(at!, 4 * k, word))
  })
}
