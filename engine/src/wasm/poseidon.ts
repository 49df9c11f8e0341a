// Poseidon over Fr (L. Grassi, D. Khovratovich, C. Rechberger, A. Roy, M. Schofnegger, USENIX Security 2021) with circomlib's
// parameters: S-box x⁵, 8 full rounds, state (0, inputs), answer the first element. Two hashes at a time, one a lane.

import { ELEMENT, PAIR, inverse, mod, type Field } from './field.ts'
import { i32, type Module } from './emit.ts'

export const FULL_ROUNDS = 8
/** For states of 2 … 17 elements. */
export const PARTIAL_ROUNDS = [56, 57, 56, 60, 60, 63, 64, 63, 60, 66, 60, 65, 70, 60, 64, 68]
const WIDEST = 17

/**
 * `poseidon(out, inputs, count, t, rounds, constants, matrix)`: out[i] = the hash of t − 1 elements from inputs[(t − 1)·i] on.
 * `rounds`: all of them; constants: t pairs a round; matrix: t·t pairs, by row.
 */
export function buildPoseidon(m: Module, fr: Field): void {
  const states = [m.frame(WIDEST * PAIR), m.frame(WIDEST * PAIR)] as const
  const x = m.frame(PAIR), power = m.frame(PAIR), row = m.frame(PAIR)
  m.func('poseidon', Array<'i32'>(7).fill('i32'), [], (f, out, inputs, count, t, rounds, constants, matrix) => {
    const [state, mixed] = states
    const wide = f.local('i32', i32.mul(t!, PAIR)), n = f.local('i32', i32.mul(i32.sub(t!, 1), ELEMENT))
    const first = f.local('i32'), second = f.local('i32'), more = f.local('i32'), constant = f.local('i32'), entry = f.local('i32'), full = f.local('i32')
    f.for(0, count!, 2, (i) => {
      f.set(more, i32.ltU(i32.add(i, 1), count!))
      f.set(first, i32.add(inputs!, i32.mul(i, n)))
      f.set(second, i32.add(first, i32.select(n, 0, more)))
      fr.copy(f, state, fr.zero)
      f.for(PAIR, wide, PAIR, (k) => {
        fr.gather(f, i32.add(state, k), first, second)
        f.step(first, ELEMENT)
        f.step(second, ELEMENT)
      })
      f.set(constant, i32.of(constants!))
      f.for(0, rounds!, 1, (r) => {
        f.set(full, i32.or(i32.ltU(r, FULL_ROUNDS / 2), i32.geU(r, i32.sub(rounds!, FULL_ROUNDS / 2))))
        f.for(0, wide, PAIR, (k) => {
          const at = f.local('i32', i32.add(state, k))
          fr.add(f, at, at, constant)
          f.step(constant, PAIR)
          f.if(i32.or(full, i32.eqz(k)), () => {
            f.call(fr.reduce, x, at)
            f.call(fr.sqr, power, x)
            f.call(fr.sqr, power, power)
            f.call(fr.mul, at, power, x)
          })
        })
        f.set(entry, i32.of(matrix!))
        f.for(0, wide, PAIR, (k) => {
          f.call(fr.mul, row, state, entry)
          f.step(entry, PAIR)
          // t is at least 2; two more products at a time, the last one alone
          f.for(PAIR, wide, 2 * PAIR, (j) => {
            const at = f.local('i32', i32.add(state, j))
            f.if(i32.ltU(i32.add(j, PAIR), wide), () => {
              f.call(fr.dot, x, at, entry, i32.add(at, PAIR), i32.add(entry, PAIR))
              f.step(entry, 2 * PAIR)
            }, () => {
              f.call(fr.mul, x, at, entry)
              f.step(entry, PAIR)
            })
            fr.add(f, row, row, x)
            f.call(fr.reduce, row, row)
          })
          fr.copy(f, i32.add(mixed, k), row)
        })
        f.copy(state, mixed, wide)
      })
      const to = f.local('i32', i32.add(out!, i32.mul(i, ELEMENT)))
      fr.scatter(f, state, 0, to)
      f.if(more, () => fr.scatter(f, state, 1, i32.add(to, ELEMENT)))
    })
  })
}

/** The paper's generator: a linear feedback register of 80 bits, self-shrinking, seeded with the parameters. */
function* grain(bits: number, t: number, partial: number): Generator<number, never> {
  const seed = [[1, 2], [0, 4], [bits, 12], [t, 12], [FULL_ROUNDS, 10], [partial, 10], [2 ** 30 - 1, 30]] as const
  const state = seed.flatMap(([value, length]) => Array.from({ length }, (_, i) => (value >> (length - 1 - i)) & 1))
  let at = 0
  const tap = (i: number) => state[(at + i) % 80]!
  const clock = () => {
    const bit = tap(62) ^ tap(51) ^ tap(38) ^ tap(23) ^ tap(13) ^ tap(0)
    state[at] = bit
    at = (at + 1) % 80
    return bit
  }
  for (let i = 0; i < 160; i++) clock()
  for (;;) {
    const keep = clock(), bit = clock()
    if (keep) yield bit
  }
}

/** Round constants, t a round, and the matrix by row. */
export function poseidonParameters(p: bigint, t: number): { constants: bigint[]; matrix: bigint[]; rounds: number } {
  const partial = PARTIAL_ROUNDS[t - 2]!, rounds = FULL_ROUNDS + partial, bits = p.toString(2).length
  const source = grain(bits, t, partial)
  const draw = () => { let value = 0n; for (let i = 0; i < bits; i++) value = (value << 1n) | BigInt(source.next().value); return value }
  const constants = Array.from({ length: t * rounds }, () => { let value; do value = draw(); while (value >= p); return value })
  const [xs, ys] = [0, 1].map(() => Array.from({ length: t }, () => mod(draw(), p))) as [bigint[], bigint[]]
  return { constants, matrix: xs.flatMap((x) => ys.map((y) => inverse(x + y, p))), rounds }
}
