// BLAKE2b (RFC 7693), digests of 64 bytes without a key: what snarkjs hashes keys and contributions with.

import { i32, i64, type Func, type Local, type Module, type Val } from './emit.ts'

const IV = [0x6a09e667f3bcc908n, 0xbb67ae8584caa73bn, 0x3c6ef372fe94f82bn, 0xa54ff53a5f1d36f1n, 0x510e527fade682d1n, 0x9b05688c2b3e6c1fn, 0x1f83d9abfb41bd6bn, 0x5be0cd19137e2179n]
const PERMUTATIONS = ['0123456789abcdef', 'ea489fd61c02b753', 'b8c052fdae367194', '7931dcbe265a40f8', '905724afe1bc683d', '2c6a0b834d75fe19', 'c51fed4a0763928b', 'db7ec13950f4862a', '6fe9b308c2d714a5', 'a2847615fb9e3cd0']
/** The state before the first byte: eight words and the count of bytes. */
export const BLAKE2B_START = [IV[0]! ^ 0x01010040n, ...IV.slice(1), 0n]
export const BLAKE2B_BLOCK = 128

/** `blake2b(state, data, blocks, bytes, last)`: takes in whole blocks, together of `bytes` bytes; the last one filled up with zeros. */
export function buildBlake2b(m: Module): Func {
  return m.func('blake2b', Array<'i32'>(5).fill('i32'), [], (f, state, data, blocks, bytes, last) => {
    const v = IV.map(() => f.local('i64')).concat(IV.map(() => f.local('i64')))
    const message = Array.from({ length: 16 }, () => f.local('i64'))
    const left = f.local('i32', i32.of(bytes!)), size = f.local('i32')
    const t = f.local('i64')
    const rotate = (x: Val<'i64'>, n: bigint) => {
      f.set(t, x)
      return i64.or(i64.shrU(t, n), i64.shl(t, 64n - n))
    }
    const mix = (a: Local<'i64'>, b: Local<'i64'>, c: Local<'i64'>, d: Local<'i64'>, x: Local<'i64'>, y: Local<'i64'>) => {
      f.set(a, i64.add(i64.add(a, b), x)); f.set(d, rotate(i64.xor(d, a), 32n))
      f.set(c, i64.add(c, d)); f.set(b, rotate(i64.xor(b, c), 24n))
      f.set(a, i64.add(i64.add(a, b), y)); f.set(d, rotate(i64.xor(d, a), 16n))
      f.set(c, i64.add(c, d)); f.set(b, rotate(i64.xor(b, c), 63n))
    }
    f.for(data!, i32.add(data!, i32.mul(blocks!, BLAKE2B_BLOCK)), BLAKE2B_BLOCK, (block) => {
      f.set(size, i32.select(left, BLAKE2B_BLOCK, i32.ltU(left, BLAKE2B_BLOCK)))
      f.set(left, i32.sub(left, size))
      f.store64(state!, 64, i64.add(i64.load(state!, 64), i64.extendU(size)))
      message.forEach((word, k) => f.set(word, i64.load(block, 8 * k)))
      for (let k = 0; k < 8; k++) { f.set(v[k]!, i64.load(state!, 8 * k)); f.set(v[k + 8]!, i64.of(IV[k]!)) }
      f.set(v[12]!, i64.xor(v[12]!, i64.load(state!, 64)))
      const final = i32.and(last!, i32.eq(i32.add(block, BLAKE2B_BLOCK), i32.add(data!, i32.mul(blocks!, BLAKE2B_BLOCK))))
      f.if(final, () => f.set(v[14]!, i64.xor(v[14]!, -1n)))
      for (let round = 0; round < 12; round++) {
        const order = [...PERMUTATIONS[round % 10]!].map((digit) => message[parseInt(digit, 16)]!)
        for (let k = 0; k < 4; k++) mix(v[k]!, v[4 + k]!, v[8 + k]!, v[12 + k]!, order[2 * k]!, order[2 * k + 1]!)
        for (let k = 0; k < 4; k++) mix(v[k]!, v[4 + (k + 1) % 4]!, v[8 + (k + 2) % 4]!, v[12 + (k + 3) % 4]!, order[8 + 2 * k]!, order[9 + 2 * k]!)
      }
      for (let k = 0; k < 8; k++) f.store64(state!, 8 * k, i64.xor(i64.load(state!, 8 * k), i64.xor(v[k]!, v[k + 8]!)))
    })
  })
}
