// Baby Jubjub (a·x² + y² = 1 + d·x²·y² over Fr) in extended coordinates (H. Hisil, K. Wong, G. Carter, E. Dawson, "Twisted
// Edwards curves revisited", ASIACRYPT 2008): multiples of one base from a table, two at a time. a is a square and d is not, so the
// addition has no exceptions.

import { ELEMENT, PAIR, type Field } from './field.ts'
import { i32, type Func, type Module } from './emit.ts'

export const EDWARDS_A = 168700n
export const EDWARDS_D = 168696n
/** Windows of 4 bits for scalars below 2^252. */
export const BASE_WINDOWS = 63
/** A table entry: x, y and d·x·y, elements. */
export const BASE_ENTRY = 3 * ELEMENT

/**
 * `edwards_multiplyBase(out, scalars, count, table)`: out[i] = (x, y), elements, of scalars[i]·base; scalars are 32 bytes, below
 * 2^252; table[16·w + k] = k·16^w·base.
 */
export function buildEdwards(m: Module, fr: Field, invert: Func): void {
  const temp = () => m.frame(PAIR)
  const [x, y, z, t, x2, y2, dt2] = [temp(), temp(), temp(), temp(), temp(), temp(), temp()]
  const [A, B, C, E, F, G, H, u] = [temp(), temp(), temp(), temp(), temp(), temp(), temp(), temp()]
  const a = fr.constantPair(EDWARDS_A)
  m.func('edwards_multiplyBase', Array<'i32'>(4).fill('i32'), [], (f, out, scalars, count, table) => {
    const first = f.local('i32'), second = f.local('i32'), digits = f.local('i32'), window = f.local('i32'), more = f.local('i32'), to = f.local('i32')
    const reduced = (at: typeof A) => f.call(fr.reduce, at, at)
    f.for(0, count!, 2, (i) => {
      f.set(more, i32.ltU(i32.add(i, 1), count!))
      for (const [at, value] of [[x, fr.zero], [y, fr.one], [z, fr.one], [t, fr.zero]] as const) fr.copy(f, at, value)
      f.set(digits, i32.add(scalars!, i32.shl(i, 5)))
      f.set(window, i32.of(table!))
      f.for(0, BASE_WINDOWS, 1, (w) => {
        const byte = f.local('i32', i32.add(digits, i32.shrU(w, 1))), shift = f.local('i32', i32.shl(i32.and(w, 1), 2))
        const entry = (lane: number) => i32.add(window, i32.mul(BASE_ENTRY, i32.and(i32.shrU(lane === 0 ? i32.load8u(byte) : i32.load8u(i32.add(byte, i32.shl(more, 5))), shift), 15)))
        f.set(first, entry(0))
        f.set(second, entry(1))
        for (const [k, at] of [x2, y2, dt2].entries()) fr.gather(f, at, i32.add(first, k * ELEMENT), i32.add(second, k * ELEMENT))
        f.call(fr.mul, A, x, x2)
        f.call(fr.mul, B, y, y2)
        f.call(fr.mul, C, t, dt2)
        fr.add(f, u, x, y)
        fr.add(f, E, x2, y2)
        f.call(fr.mul, E, E, u)
        fr.sub(f, E, E, A); fr.sub(f, E, E, B); reduced(E)
        fr.sub(f, F, z, C); reduced(F)
        fr.add(f, G, z, C); reduced(G)
        f.call(fr.mul, H, A, a)
        fr.sub(f, H, B, H); reduced(H)
        for (const [at, one, other] of [[x, E, F], [y, G, H], [t, E, H], [z, F, G]] as const) { f.call(fr.mul, at, one, other); reduced(at) }
        f.step(window, 16 * BASE_ENTRY)
      })
      f.call(invert, z, z)
      f.set(to, i32.add(out!, i32.mul(i, 2 * ELEMENT)))
      for (const [k, at] of [x, y].entries()) {
        f.call(fr.mul, at, at, z); reduced(at)
        fr.scatter(f, at, 0, i32.add(to, k * ELEMENT))
        f.if(more, () => fr.scatter(f, at, 1, i32.add(to, (2 + k) * ELEMENT)))
      }
    })
  })
}
